import Ledger
import Persistence
import Testing
import TradingCore

@Suite struct LedgerMigrationsTests {
    @Test func `the schema can be laid in an empty database`() async throws {
        try await Migrator(LedgerMigrations.all).migrate(MemoryDatabase())
    }

    static let impossible = [
        "UPDATE ledger_accounts SET available = '-1' WHERE path = 'order:7/USDT'",
        "UPDATE ledger_accounts SET locked = '-1' WHERE path = 'world:deposits/USDT'",
        "UPDATE ledger_accounts SET may_overdraw = 2",
        "UPDATE ledger_accounts SET entry_count = -1",
        "UPDATE ledger_accounts SET head = NULL",
        "UPDATE ledger_accounts SET path = ''",
        "DELETE FROM ledger_accounts WHERE path = 'order:7/USDT'",
        "UPDATE ledger_transfers SET key = ''",
        "UPDATE ledger_transfers SET key = NULL WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET key = 'place' WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET content_hash = NULL WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET kind = 'gift'",
        "UPDATE ledger_transfers SET kind = 'reserve' WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET kind = 'transfer' WHERE key = 'place'",
        "UPDATE ledger_transfers SET credit_account = debit_account",
        "UPDATE ledger_transfers SET debit_account = 99",
        "UPDATE ledger_transfers SET debit_sequence = 0",
        "UPDATE ledger_transfers SET debit_sequence = 2 WHERE key = 'fill'",
        "UPDATE ledger_transfers SET credit_sequence = NULL WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET credit_hash = NULL WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET amount = '0' WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET amount = '-1' WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET released = '1' WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET reservation_id = id WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET reservation_id = NULL WHERE key = 'fill'",
        "UPDATE ledger_transfers SET reservation_id = 99 WHERE key = 'fill'",
        "UPDATE ledger_transfers SET reverses_id = id WHERE key = 'deposit'",
        "UPDATE ledger_transfers SET status = 'lost' WHERE key = 'place'",
        "UPDATE ledger_transfers SET status = NULL WHERE key = 'place'",
        "UPDATE ledger_transfers SET status = 'posted' WHERE key = 'place'",
        "UPDATE ledger_transfers SET remaining = '0' WHERE key = 'place'",
        "UPDATE ledger_transfers SET remaining = '-1' WHERE key = 'place'",
        "UPDATE ledger_transfers SET expires_at = 1 WHERE key = 'deposit'",
        "DELETE FROM ledger_transfers WHERE key = 'place'",
    ]

    /// Whatever a later version of the code does wrong, these rows cannot be.
    @Test(arguments: LedgerDatabase.available)
    func `an impossible state cannot be stored`(_ kind: LedgerDatabase) async throws {
        let (order, exchange) = (try Accounts.order("7"), try Accounts.exchange())
        try await withLedger(kind) { database in
            try await database.deposit("10", order, key: "deposit")
            try await database.apply("place", .reserve(from: order, to: exchange, "5"))
            try await database.apply("fill", .post(LedgerStepID("place"), "1"))
            let before = try await database.everything()
            for statement in Self.impossible {
                let error = await #expect(throws: SQLError.self, "\(statement)") {
                    try await database.execute("\(raw: statement)")
                }
                guard case .constraint? = error else {
                    Issue.record("\(statement): \(String(describing: error))")
                    continue
                }
                #expect(try await database.everything() == before, "\(statement)")
            }
        }
    }
}
