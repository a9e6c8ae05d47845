import Dispatch
import Ledger
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@Suite(.serialized) struct LedgerConcurrencyTests {
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `nodes that open accounts at once open each once, in one chain`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { url in
            let nodes = [try await PostgresDatabase.open(url: url), try await PostgresDatabase.open(url: url)]
            try await Migrator(LedgerMigrations.all).migrate(nodes[0])
            try await withThrowingTaskGroup { group in
                for (node, database) in nodes.enumerated() {
                    for number in 0..<25 {
                        // Every other account is both nodes'.
                        let owner = number.isMultiple(of: 2) ? "shared-\(number)" : "\(node)-\(number)"
                        group.addTask {
                            try await database.deposit("1", Accounts.order(owner), key: "deposit-\(node)-\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            let report = try await LedgerVerifier.verify(nodes[1])
            #expect(report.isSound, "\(report.findings)")
            #expect(report.accounts == 1 + 13 + 2 * 12)
            for database in nodes { await database.close() }
        }
    }

    /// None of these steps reads an earlier posting, so that only the accounts' own rows tell one node of the other's entries.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `nodes that post to the same accounts at once refuse nothing`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        let (left, right, exchange) = try (Accounts.order("left"), Accounts.order("right"), Accounts.exchange())
        try await withTemporaryPostgres(on: url) { url in
            let nodes = [try await PostgresDatabase.open(url: url), try await PostgresDatabase.open(url: url)]
            try await Migrator(LedgerMigrations.all).migrate(nodes[0])
            for account in [left, right] { try await nodes[0].deposit("1000", account) }
            try await withThrowingTaskGroup { group in
                for (node, database) in nodes.enumerated() {
                    for caller in 0..<8 {
                        // Either way round: two postings that lock the same accounts never wait for each other in a circle.
                        let (from, to) = caller.isMultiple(of: 2) ? (left, right) : (right, left)
                        group.addTask {
                            for number in 0..<15 {
                                let key = "\(node)-\(caller)-\(number)"
                                try await database.apply("move-\(key)", .transfer(from: from, to: to, "1"))
                                try await database.apply("lock-\(key)", .reserve(from: from, to: exchange, "1"))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await nodes[0].funds(left) == "880 120")
            #expect(try await nodes[0].funds(right) == "880 120")
            try await nodes[1].expectSound()
            for database in nodes { await database.close() }
        }
    }

    /// An operator who looks at a row with `SELECT … FOR UPDATE`, and goes to lunch.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `an account that a stranger has locked delays its own postings alone`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        let (held, left, right) = try (Accounts.order("held"), Accounts.order("left"), Accounts.order("right"))
        try await withTemporaryPostgres(on: url) { url in
            var options = PostgresOptions(url: url)
            let (stranger, node) = (try await PostgresDatabase.open(options), try await PostgresDatabase.open(options))
            options.patience = .seconds(1)
            let hasty = try await PostgresDatabase.open(options)
            try await Migrator(LedgerMigrations.all).migrate(node)
            for account in [held, left, right] { try await node.deposit("100", account) }
            let (isLocked, release) = (Signal(), DispatchSemaphore(value: 0))
            let lock = Task {
                try await stranger.write { transaction in
                    _ = try transaction.row("SELECT id FROM ledger_accounts WHERE path = \(held.path) FOR UPDATE")
                    isLocked.raise()
                    release.wait()
                }
            }
            await isLocked.wait()
            let waiting = (0..<20).map { number in
                Task { try await node.apply("held-\(number)", .transfer(from: held, to: left, "1")) }
            }
            let begun = ContinuousClock.now
            for number in 0..<20 {
                try await node.apply("free-\(number)", .transfer(from: left, to: right, "1"))
                try await node.beat { _ = try $0.row("SELECT 1") }
            }
            #expect(ContinuousClock.now - begun < .seconds(5), "what others post does not wait for the lock")
            let refusal = await #expect(throws: SQLError.self) {
                try await hasty.apply(
                    "hasty", .transfer(from: left, to: right, "1"), .transfer(from: held, to: right, "1"))
            }
            #expect("\(refusal.map { "\($0)" } ?? "")".hasSuffix("is locked by another session"))
            release.signal()
            try await lock.value
            for posting in waiting { try await posting.value }
            #expect(try await node.funds(held) == "80 0")
            #expect(try await node.funds(left) == "100 0", "nothing of the refused posting was done")
            #expect(try await node.funds(right) == "120 0")
            try await node.expectSound()
            for database in [stranger, node, hasty] { await database.close() }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `however many reserve at once, no account is overdrawn and nothing is refused for nothing`(
        _ engine: DatabaseEngine
    ) async throws {
        let order = try Accounts.order("7")
        let exchange = try Accounts.exchange()
        try await withLedger(.engine(engine)) { database in
            try await database.deposit("100", order)
            let granted = Tally()
            let refused = Tally()
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<64 {
                    group.addTask {
                        for number in 0..<5 {
                            do {
                                try await database.apply(
                                    "r-\(caller)-\(number)", .reserve(from: order, to: exchange, "1"))
                                granted.add()
                            } catch LedgerError.overdraw(_, "1", "0") {
                                refused.add()
                            } catch { Issue.record("\(error)") }
                        }
                    }
                }
            }
            #expect(granted.count == 100)
            #expect(refused.count == 220)
            #expect(try await database.funds(order) == "0 100")
            try await database.expectSound()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one posting sent by many at once is applied once, and all get its receipt`(
        _ engine: DatabaseEngine
    ) async throws {
        let order = try Accounts.order("7")
        let posting = try LedgerPosting(key: "k", .transfer(from: Accounts.world(), to: order, "1"))
        try await withLedger(.engine(engine)) { database in
            let receipts = try await withThrowingTaskGroup(of: LedgerReceipt.self) { group in
                for _ in 0..<50 { group.addTask { try await database.apply(posting) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(receipts.count { !$0.isRepeat } == 1)
            #expect(Set(receipts.map(\.movements)).count == 1)
            #expect(try await database.funds(order) == "1 0")
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a verification beside writers finds nothing`(_ engine: DatabaseEngine) async throws {
        let exchange = try Accounts.exchange()
        try await withLedger(.engine(engine)) { database in
            for number in 0..<4 { try await database.deposit("1000", Accounts.order("\(number)")) }
            let writing = Tally()
            let callers = 8
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        let order = try Accounts.order("\(caller % 4)")
                        for number in 0..<40 {
                            let key = "r-\(caller)-\(number)"
                            try await database.apply(key, .reserve(from: order, to: exchange, "0.5"))
                            try await database.apply("\(key)-post", .post(LedgerStepID(key), "0.2"))
                            try await database.apply(
                                "\(key)-end", .void(LedgerStepID(key)), .transfer(from: exchange, to: order, "0.2"))
                        }
                        writing.add()
                    }
                }
                var verifications = 0
                while writing.count < callers {
                    let report = try await LedgerVerifier.verify(database, entriesPerRead: 20)
                    #expect(report.isSound, "\(report.findings)")
                    verifications += 1
                }
                #expect(verifications > 0)
                try await group.waitForAll()
            }
            try await database.expectSound()
        }
    }
}
