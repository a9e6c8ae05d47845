import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import Jobs
@testable import MarketMaking

/// Giving reservations back, where one of them cannot be.
@Suite struct ExpireReservationsTests {
    private let database: MemoryDatabase
    private let time = ManualTime(Timestamp(nanoseconds: Nanoseconds.seconds(1_000)))

    init() async throws {
        database = try MemoryDatabase()
        try await Migrator(LedgerMigrations.all + JobsMigrations.all).migrate(database)
        let usdt = AssetID("USDT")
        let order = try LedgerAccount(.order, "7", usdt)
        try database.transact { transaction in
            let ledger = LedgerStore(transaction: transaction)
            let world = try LedgerAccount(.world, "deposits", usdt)
            try ledger.apply(LedgerPosting(key: "in", .transfer(from: world, to: order, "100")), now: time.now())
            for number in 1...4 {
                try ledger.apply(
                    LedgerPosting(
                        key: "r\(number)",
                        .reserve(
                            from: order, to: LedgerAccount(.order, "8", usdt), "1",
                            expiresAt: time.now().advanced(byNanoseconds: Int64(number)))), now: time.now())
            }
        }
        time.advance(byNanoseconds: Nanoseconds.seconds(1))
    }

    private func spoil(_ key: String, _ remaining: String) throws {
        _ = try database.transact {
            try $0.execute("UPDATE ledger_transfers SET remaining = \(remaining) WHERE key = \(key)")
        }
    }

    private func statuses() throws -> [String] {
        try database.transact { transaction in
            try transaction.rows("SELECT status FROM ledger_transfers WHERE kind = 'reserve' ORDER BY id").map {
                try $0.get(0)
            }
        }
    }

    /// - Returns: how the job of a tick ended; nil when it is done, and removed.
    @discardableResult
    private func tick() throws -> JobState? {
        let now = time.now()
        let id = try database.transact { try JobStore(transaction: $0).enqueue(ExpireReservations(), now: now).id }
        try work(on: id)
        return try database.transact { try JobStore(transaction: $0).job(id)?.state }
    }

    /// Runs what is ready, as a worker does.
    /// - Parameter only: this job alone; what else is ready stays so.
    private func work(on only: JobID? = nil) throws {
        var handlers = JobHandlers()
        handlers.add(ExpireReservationsHandler())
        handlers.add(ExpireReservationHandler())
        let (engine, now) = (JobEngine(handlers: handlers), time.now())
        let claimed = try database.transact { transaction in
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: "test", ownsDatabase: false, lease: .seconds(60), now: now)
            return try JobStore(transaction: transaction).claim(LedgerJobs.queue, limit: 9, worker: worker, now: now)
                .jobs
        }
        for job in claimed {
            guard only == nil || job.id == only else {
                _ = try database.transact { try JobStore(transaction: $0).release(job, now: now) }
                continue
            }
            do { _ = try database.transact { try engine.perform(job, now: now, in: $0) } } catch {
                _ = try database.transact { try engine.fail(job, error, now: now, in: $0) }
            }
        }
    }

    private func dead() throws -> [JobRecord] {
        try database.transact { try JobStore(transaction: $0).newestDead(LedgerJobs.queue, limit: 10) }
    }

    @Test func `one that cannot be read keeps no other waiting, and is a dead letter until it can`() async throws {
        try spoil("r1", "abc")
        try tick()
        #expect(try statuses() == ["open", "expired", "expired", "expired"])
        try work()
        let letters = try dead()
        #expect(letters.map(\.kind) == ["ledger.expire-reservation"])
        #expect(letters.first?.reason?.contains("abc") == true, "\(letters)")
        // As often as it is found, it is one dead letter.
        for _ in 0..<3 {
            try tick()
            try work()
        }
        #expect(try dead().map(\.id) == letters.map(\.id))
        let letter = try #require(letters.first)
        // Given up while it is still there, it is told again.
        _ = try database.transact { try JobStore(transaction: $0).discard(letter.id, now: time.now()) }
        try tick()
        try work()
        let again = try #require(try dead().first)
        try spoil("r1", "1")
        #expect(try database.transact { try JobStore(transaction: $0).retry(again.id, now: time.now()) })
        try work()
        #expect(try dead().isEmpty)
        #expect(try statuses() == ["expired", "expired", "expired", "expired"])
    }

    @Test func `one whose account is missing is told like one that cannot be read`() throws {
        let now = time.now()
        let expiry = try database.transact { transaction in
            // Put back before the end, or the transaction would be refused.
            try transaction.execute("PRAGMA defer_foreign_keys = ON")
            try transaction.execute("UPDATE ledger_transfers SET debit_account = debit_account + 999 WHERE key = 'r1'")
            defer {
                _ = try? transaction.execute(
                    "UPDATE ledger_transfers SET debit_account = debit_account - 999 WHERE key = 'r1'")
            }
            return try LedgerStore(transaction: transaction).expireDue(now: now)
        }
        #expect(expiry.expired.map(\.id.key) == ["r2", "r3", "r4"])
        #expect(expiry.refused.map(\.reason) == ["one of its accounts is missing"])
    }

    @Test func `many that cannot be read do not use up what one tick does for the others`() throws {
        for key in ["r1", "r2", "r3"] { try spoil(key, "abc") }
        let now = time.now()
        let expiry = try database.transact { try LedgerStore(transaction: $0).expireDue(now: now, limit: 1) }
        #expect(expiry.expired.map(\.id.key) == ["r4"])
        #expect(expiry.refused.count == 3)
    }

    @Test func `a failure of the whole is one dead letter, which the next success ends`() async throws {
        _ = try database.transact {
            // What no single reservation is to blame for.
            try $0.execute("ALTER TABLE ledger_transfers RENAME COLUMN expires_at TO hidden")
        }
        #expect(try tick() == .dead)
        let letter = try #require(try dead().first)
        #expect(letter.reason?.contains("expires_at") == true, "\(letter)")
        // The next ones leave none beside it, and are gone.
        #expect(try tick() == nil)
        #expect(try dead().map(\.id) == [letter.id])
        _ = try database.transact {
            try $0.execute("ALTER TABLE ledger_transfers RENAME COLUMN hidden TO expires_at")
        }
        try tick()
        #expect(try dead().isEmpty)
    }
}
