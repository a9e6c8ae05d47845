import Persistence
import TradingCore

/// Which exchange accounts have been asked, since the database was last put back from a backup, for orders that it has forgotten.
///
/// A backup may have been taken when a strategy was stopped that ran again afterwards, or before one was started: its orders rest, and by
/// the store nothing is unfinished there.
struct RestoreLookStore {
    let transaction: any SQLTransaction

    static let migration = Migration("market-making-013-restore-looks") { transaction in
        try transaction.execute(
            """
            CREATE TABLE restore_looks (
                exchange TEXT NOT NULL, account_label TEXT NOT NULL, restores INTEGER NOT NULL,
                PRIMARY KEY (exchange, account_label)
            ) STRICT
            """)
    }

    /// Every place of accounts that are still to be asked at which anything stored was ever traded. An order's place counts apart from
    /// its strategy's: that may have moved since. Reads every order, once after a restore.
    func pending() throws -> Set<TradingPlace> {
        if try Restores.count(transaction) == 0 { return [] }
        let places = try transaction.rows(
            """
            SELECT exchange, account_label, symbol FROM strategy_instances
            UNION SELECT exchange, account_label, symbol FROM orders
            """
        ).map { row in
            TradingPlace(
                exchange: ExchangeID(rawValue: try row.get("exchange")), account: try row.get("account_label"),
                symbol: try stored("orders", "symbol", row.get("symbol")) { Symbol($0) })
        }
        return Set(try places.filter { try isPending($0.exchange, $0.account) })
    }

    func isPending(_ exchange: ExchangeID, _ account: String) throws -> Bool {
        let row = try transaction.row(
            """
            SELECT restores FROM restore_looks WHERE exchange = \(exchange.rawValue) AND account_label = \(account)
            """)
        return try Restores.count(transaction) > row?.get(0, as: Int64.self) ?? 0
    }

    /// The account has been asked, and nothing that was found rests any more.
    func done(_ exchange: ExchangeID, _ account: String) throws {
        let restores = try Restores.count(transaction)
        try transaction.execute(
            """
            INSERT INTO restore_looks (exchange, account_label, restores)
            VALUES (\(exchange.rawValue), \(account), \(restores))
            ON CONFLICT (exchange, account_label) DO UPDATE SET restores = excluded.restores
            """)
    }
}
