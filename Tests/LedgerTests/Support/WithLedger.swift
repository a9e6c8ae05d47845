import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

/// Where a test's database lies.
enum LedgerDatabase: Sendable, CustomTestStringConvertible {
    case memory
    case engine(DatabaseEngine)

    static let available = [memory] + DatabaseEngine.available.map(engine)

    var testDescription: String {
        switch self {
        case .memory: "memory"
        case .engine(let engine): engine.rawValue
        }
    }
}

/// Runs a test on a database of its own with the ledger's tables.
func withLedger(_ kind: LedgerDatabase = .memory, _ body: (any SQLDatabase) async throws -> Void) async throws {
    switch kind {
    case .memory:
        let database = try MemoryDatabase()
        try await Migrator(LedgerMigrations.all).migrate(database)
        try await body(database)
        await database.close()
    case .engine(let engine): try await withTemporaryDatabase(engine, LedgerMigrations.all, body)
    }
}

extension SQLDatabase {
    @discardableResult
    func apply(_ posting: LedgerPosting, at now: Timestamp = .zero) async throws -> LedgerReceipt {
        try await write { try LedgerStore(transaction: $0).apply(posting, now: now) }
    }

    /// Applies one step after another, each under a key of its own.
    func apply(_ key: String, _ steps: LedgerStep..., at now: Timestamp = .zero) async throws {
        try await apply(LedgerPosting(key: key, steps), at: now)
    }

    /// Money from outside.
    func deposit(_ amount: FixedDecimal, _ account: LedgerAccount, key: String? = nil) async throws {
        let world = try LedgerAccount(.world, "deposits", account.asset)
        try await apply(
            LedgerPosting(key: key ?? "deposit-\(account)", .transfer(from: world, to: account, amount)))
    }

    /// "available locked" of an account.
    func funds(_ account: LedgerAccount) async throws -> String {
        let balance = try await read { try LedgerStore(transaction: $0).balance(of: account) }
        return balance.map { "\($0.available) \($0.locked)" } ?? "no account"
    }

    func reservation(_ id: LedgerStepID) async throws -> LedgerReservation? {
        try await read { try LedgerStore(transaction: $0).reservation(id) }
    }

    /// Every row of the ledger, to see whether anything changed.
    func everything() async throws -> [[SQLValue]] {
        try await read { transaction in
            let accounts = try transaction.rows(
                "SELECT id, path, available, locked, entry_count, head FROM ledger_accounts ORDER BY id"
            ).map { row in try (0..<6).map { try row.get($0, as: SQLValue.self) } }
            let transfers = try transaction.rows(
                """
                SELECT id, key, content_hash, list_id, step, kind, debit_account, debit_sequence, debit_hash,
                    credit_account, credit_sequence, credit_hash, amount, released, reservation_id, reverses_id,
                    status, remaining, expires_at, posted_at FROM ledger_transfers ORDER BY id
                """
            ).map { row in try (0..<20).map { try row.get($0, as: SQLValue.self) } }
            return accounts + transfers
        }
    }

    func execute(_ statements: SQL...) async throws {
        try await write { transaction in
            for statement in statements { try transaction.execute(statement) }
        }
    }

    /// The books add up, entry by entry.
    func expectSound(_ location: SourceLocation = #_sourceLocation) async throws {
        let report = try await LedgerVerifier.verify(self, entriesPerRead: 50)
        #expect(report.isSound, "\(report.findings)", sourceLocation: location)
    }
}

extension Timestamp {
    static var zero: Timestamp { Timestamp(nanoseconds: 0) }
    static func at(_ seconds: Int64) -> Timestamp { Timestamp(nanoseconds: Nanoseconds.seconds(seconds)) }
}

/// The accounts that tests use.
enum Accounts {
    static let usdt = AssetID("USDT")
    static let btc = AssetID("BTC")

    static func order(_ id: String, _ asset: AssetID = usdt) throws -> LedgerAccount {
        try LedgerAccount(.order, id, asset)
    }
    static func exchange(_ asset: AssetID = usdt) throws -> LedgerAccount {
        try LedgerAccount(.exchange, "binance:main", asset)
    }
    static func fees(_ asset: AssetID = usdt) throws -> LedgerAccount {
        try LedgerAccount(.fees, "binance:main", asset)
    }
    static func world(_ asset: AssetID = usdt) throws -> LedgerAccount {
        try LedgerAccount(.world, "deposits", asset)
    }
}
