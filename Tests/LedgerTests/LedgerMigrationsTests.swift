import Ledger
import Persistence
import TestSupport
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

/// Accounts that are older than the record of their opening.
@Suite struct OpeningsMigrationTests {
    @Test(arguments: DatabaseEngine.available)
    func `books of every earlier schema are sound afterwards, and emptying them is noticed`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withEveryEarlierSchema(engine, LedgerMigrations.all) { database, taken in
            guard taken == 1 else { return }
            // As the first version stored them: the second's store would want its own tables.
            let donor = try MemoryDatabase()
            try await Migrator(LedgerMigrations.all).migrate(donor)
            try await donor.deposit("10", Accounts.order("7"), key: "deposit")
            let rows = try await donor.everything()
            try await database.write { transaction in
                for row in rows where row.count == 6 {
                    let mayOverdraw = row[1] == .text("world:deposits/USDT")
                    try transaction.execute(
                        """
                        INSERT INTO ledger_accounts (id, path, may_overdraw, available, locked, entry_count, head)
                        VALUES (\(row[0]), \(row[1]), \(mayOverdraw), \(row[2]), \(row[3]), \(row[4]), \(row[5]))
                        """)
                }
                for row in rows where row.count == 20 {
                    try transaction.execute(
                        """
                        INSERT INTO ledger_transfers (id, key, content_hash, list_id, step, kind, debit_account,
                            debit_sequence, debit_hash, credit_account, credit_sequence, credit_hash, amount, released,
                            reservation_id, reverses_id, status, remaining, expires_at, posted_at)
                        VALUES (\(values: row))
                        """)
                }
            }
            await donor.close()
        } check: { database, taken in
            let before = try await LedgerVerifier.verify(database)
            #expect(before.isSound, "\(before.findings)")
            #expect(before.accounts == (taken == 1 ? 2 : 0))
            try await database.execute("DELETE FROM ledger_transfers", "DELETE FROM ledger_accounts")
            let after = try await LedgerVerifier.verify(database)
            #expect(after.findings.map(\.rule) == (taken == 1 ? [.missingAccount, .missingAccount] : []))
        }
    }
}
