import Persistence
import TradingCore

/// `refused_fills`: what exchanges told of our orders that cannot have been. They tell it again after every break; an operator who
/// has looked into it and lets a strategy go on is not to be halted by the same fill anew.
struct RefusedFillStore {
    let transaction: any SQLTransaction

    static let migration = Migration("market-making-011-refused-fills") { transaction in
        try transaction.execute(
            """
            CREATE TABLE refused_fills (
                exchange TEXT NOT NULL,
                account_label TEXT NOT NULL,
                symbol TEXT NOT NULL,
                trade_id INTEGER NOT NULL,
                client_order_id INTEGER NOT NULL,
                reason TEXT NOT NULL,
                refused_at INTEGER NOT NULL,
                PRIMARY KEY (exchange, account_label, symbol, trade_id, client_order_id)
            ) STRICT
            """)
    }

    func contains(_ fill: Fill, at place: TradingPlace) throws -> Bool {
        try transaction.row(
            """
            SELECT reason FROM refused_fills WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description) AND trade_id = \(Int64(bitPattern: fill.tradeID))
                AND client_order_id = \(Int64(fill.orderID.rawValue))
            """) != nil
    }

    /// - Returns: whether it was not refused before.
    func insert(_ refusal: FillRefusal, now: Timestamp) throws -> Bool {
        let (place, fill) = (refusal.place, refusal.fill)
        return try transaction.execute(
            """
            INSERT INTO refused_fills (exchange, account_label, symbol, trade_id, client_order_id, reason, refused_at)
            VALUES (\(place.exchange.rawValue), \(place.account), \(place.symbol.description),
                \(Int64(bitPattern: fill.tradeID)), \(Int64(fill.orderID.rawValue)), \("\(refusal)"), \(now))
            ON CONFLICT (exchange, account_label, symbol, trade_id, client_order_id) DO NOTHING
            """) == 1
    }
}
