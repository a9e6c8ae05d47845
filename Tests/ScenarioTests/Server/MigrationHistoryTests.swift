import Crypto
import Foundation
import Persistence
import TestSupport
import Testing

@testable import mrmarket

/// What every migration does, as it was when it was made: a database out there has taken it, and never takes it again.
@Suite struct MigrationHistoryTests {
    /// Name, and the first digits of the SHA-256 of what it changes in schema and rows. Lines are added at the end of their group; none
    /// is ever changed.
    private static let history: [DatabaseEngine: [String]] = [
        .sqlite: [
            "ledger-001-accounts-and-transfers f747d9e168cd",
            "ledger-002-openings 72a16d676b15",
            "jobs-001-jobs 2a0d36624355",
            "jobs-002-one-check e3b0c44298fc",
            "jobs-003-completing-many e3b0c44298fc",
            "jobs-004-completing-by-number e3b0c44298fc",
            "jobs-005-died-at c82463a8c16d",
            "outbox-1-messages d794441f7903",
            "outbox-2-receipts cbda195880db",
            "outbox-3-fences 2277deeba73b",
            "sagas-1-sagas efe8da53c396",
            "sagas-2-finished f593e403ef8d",
            "market-making-001-strategies 22f1caccc16a",
            "market-making-002-orders a5d0b4dd4981",
            "market-making-003-funds 6df1f7f53801",
            "market-making-004-trading-states 76cddf022538",
            "market-making-005-funds-into-the-ledger febaaeaf42fb",
            "market-making-006-order-checks 61d4da9b1374",
            "market-making-007-order-sequence-floor 440a1ddc7819",
            "market-making-008-direct-orders 23dedd9be56f",
            "market-making-009-session-numbers 975aca7cec76",
            "market-making-010-order-mark e781ab3e636d",
            "market-making-011-refused-fills 28032b9e779b",
            "market-making-012-trading-lease 8a3087023311",
            "market-making-013-restore-looks fc344dfe2a9e",
            "market-making-014-order-amendments a28313342d19",
            "market-making-015-fill-indices ecd99e72ab10",
            "market-making-016-times-in-force c6a898be4478",
            "market-making-017-rejections c2601835b7c0",
            "exchange-keys-001-keys 6efff705bdbd",
            "exchange-keys-002-withdrawals fee3ad1dbd29",
            "exchange-keys-003-numbers 9a23f21939cc",
            "exchange-keys-004-withdrawal-client-ids 1886f24ee35e",
            "exchange-keys-005-withdrawal-outcomes 48d5cec55d32",
            "exchange-keys-006-fault-causes fbe681bda1b8",
            "exchange-keys-007-withdrawal-restores 97992b9500bd",
            "exchange-keys-008-account-ids 43d49e463101",
            "exchange-keys-009-withdrawal-departures 1d2608e1ecc4",
            "exchange-keys-010-withdrawal-verdicts 004bf62ff3df",
            "exchange-keys-011-networks 17f700592923",
        ],
        .postgres: [
            "ledger-001-accounts-and-transfers 47e4e2e3e88c",
            "ledger-002-openings f0cf7c7e78c8",
            "jobs-001-jobs e5e158323ee2",
            "jobs-002-one-check 2a6bc7ad6adf",
            "jobs-003-completing-many 225534519390",
            "jobs-004-completing-by-number c22b4f0f8b1c",
            "jobs-005-died-at 2e5d36414f7e",
            "outbox-1-messages f995b51890f7",
            "outbox-2-receipts ecb6594f8463",
            "outbox-3-fences 2ad602da168d",
            "sagas-1-sagas 1dbafae685ef",
            "sagas-2-finished 8aa3b3d9f0ae",
            "market-making-001-strategies 632a90b04d5c",
            "market-making-002-orders 335d2e1af453",
            "market-making-003-funds c2df38fd97f6",
            "market-making-004-trading-states cec4770e2e22",
            "market-making-005-funds-into-the-ledger ead729da46b2",
            "market-making-006-order-checks e3b0c44298fc",
            "market-making-007-order-sequence-floor 52e4d807c7be",
            "market-making-008-direct-orders 3ced78a708d9",
            "market-making-009-session-numbers 326848b85451",
            "market-making-010-order-mark 77996f23d13a",
            "market-making-011-refused-fills 835cdd6614e0",
            "market-making-012-trading-lease a718ec7a7c6a",
            "market-making-013-restore-looks ee5750376b90",
            "market-making-014-order-amendments 3c4653763204",
            "market-making-015-fill-indices 99ea97866390",
            "market-making-016-times-in-force b0166e7887b4",
            "market-making-017-rejections 1bfd8a5bd827",
            "exchange-keys-001-keys d2b4e9d9ef16",
            "exchange-keys-002-withdrawals 1f6ad68f800c",
            "exchange-keys-003-numbers c18f903eaac5",
            "exchange-keys-004-withdrawal-client-ids c2aeac9e9fed",
            "exchange-keys-005-withdrawal-outcomes 091c2bc2fb7b",
            "exchange-keys-006-fault-causes 1723014ec79b",
            "exchange-keys-007-withdrawal-restores 1e9f5ec7e936",
            "exchange-keys-008-account-ids 702adc88aefb",
            "exchange-keys-009-withdrawal-departures c5fedd4ecf2a",
            "exchange-keys-010-withdrawal-verdicts 54864664e09d",
            "exchange-keys-011-networks b5f923c9f11a",
        ],
    ]

    @Test(arguments: DatabaseEngine.available)
    func `no migration is changed, renamed, removed or moved once it is made`(_ engine: DatabaseEngine) async throws {
        var told: [String] = []
        try await withTemporaryDatabase(engine, []) { database in
            var taken: [Migration] = []
            var before = try await contents(database)
            for migration in ServerMigrations.all {
                taken.append(migration)
                try await Migrator(taken).migrate(database)
                let after = try await contents(database)
                let change =
                    before.subtracting(after).sorted().map { "-" + $0 }
                    + after.subtracting(before).sorted().map { "+" + $0 }
                let digest = SHA256.hash(data: Data(change.joined(separator: "\n").utf8))
                told.append(migration.name + " " + digest.prefix(6).map { String(format: "%02x", $0) }.joined())
                before = after
            }
        }
        #expect(told == Self.history[engine])
    }

    /// Every object of the schema with its text, and every row of every table.
    private func contents(_ database: any SQLDatabase) async throws -> Set<String> {
        try await database.read { transaction in
            let isSQLite = database.dialect == .sqlite
            var lines = Set(
                try transaction.rows(isSQLite ? Self.sqliteObjects : Self.postgresObjects).map {
                    try $0.get(0, as: String.self)
                })
            for row in try transaction.rows(isSQLite ? Self.sqliteTables : Self.postgresTables) {
                let table = try row.get(0, as: String.self)
                // Kept by the seam itself: which migrations and commits there were.
                guard !table.hasPrefix("mrmarket_") else { continue }
                let rows = try transaction.rows("SELECT * FROM \(raw: table)")
                for row in rows { lines.insert("row of \(table): \(row)") }
            }
            return lines
        }
    }

    private static let sqliteObjects: SQL =
        "SELECT type || ' ' || name || ': ' || COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    private static let sqliteTables: SQL =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    private static let postgresTables: SQL =
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
    private static let postgresObjects: SQL = """
        SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
            || COALESCE(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
        """
}
