import Persistence
import TestSupport
import Testing
import TradingCore

@testable import Jobs
@testable import MarketMaking

@Suite struct LedgerFindingsTests {
    private let database: MemoryDatabase
    private let now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))

    init() async throws {
        database = try MemoryDatabase()
        try await Migrator(JobsMigrations.all).migrate(database)
    }

    @Test func `findings stand however many dead letters of other kinds are newer, and are settled all the same`()
        throws
    {
        let found = try database.transact { transaction in
            let store = JobStore(transaction: transaction)
            let found = try store.enqueue(VerifyLedger(), now: now).id
            for _ in 0..<1_100 { try store.enqueue(ExpireReservations(), now: now) }
            let reason = LedgerFindings.reason(1, "balance: order:7/USDT: expected 1, found 2")
            _ = try transaction.execute("UPDATE jobs SET state = 'dead', reason = \(reason)")
            return found
        }
        let standing = try database.transact { try LedgerFindings.standing($0) }
        #expect(standing?.job == found)
        try database.transact { try LedgerFindings.settle($0, now: now) }
        #expect(try database.transact { try LedgerFindings.standing($0) } == nil)
        let left = try database.transact {
            try $0.row("SELECT COUNT(*) FROM jobs WHERE state = 'dead'")?.get(0, as: Int64.self)
        }
        #expect(left == 1_100)
    }
}
