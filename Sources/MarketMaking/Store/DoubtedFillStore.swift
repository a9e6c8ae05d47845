import Execution
import Persistence
import TradingCore

/// `doubted_fills`: fills that the orders whose ids they bear cannot have had as we know them, until the exchange was asked whether the
/// orders were changed there. Kept, for after a kill an exchange that is asked for what came after the newest booked fill would not
/// tell an older one again. And `order_amendments`: what came of it where they were.
struct DoubtedFillStore {
    let transaction: any SQLTransaction
    let place: TradingPlace
    let instrument: Instrument

    static let migration = Migration("market-making-014-order-amendments") { transaction in
        try transaction.execute(
            """
            CREATE TABLE doubted_fills (
                exchange TEXT NOT NULL,
                account_label TEXT NOT NULL,
                symbol TEXT NOT NULL,
                trade_id INTEGER NOT NULL,
                client_order_id INTEGER NOT NULL,
                side TEXT NOT NULL,
                ticks INTEGER NOT NULL,
                lots INTEGER NOT NULL,
                fee TEXT NOT NULL,
                fee_asset TEXT NOT NULL,
                is_maker INTEGER NOT NULL,
                executed_at INTEGER NOT NULL,
                doubted_at INTEGER NOT NULL,
                PRIMARY KEY (exchange, account_label, symbol, trade_id, client_order_id)
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE order_amendments (
                id INTEGER PRIMARY KEY,
                client_order_id INTEGER NOT NULL REFERENCES orders (client_order_id),
                trade_id INTEGER NOT NULL,
                price_before TEXT NOT NULL,
                quantity_before TEXT NOT NULL,
                price TEXT NOT NULL,
                quantity TEXT NOT NULL,
                missing TEXT NOT NULL,
                amended_at INTEGER NOT NULL
            ) STRICT
            """)
    }

    func insert(_ fill: Fill, now: Timestamp) throws {
        try transaction.execute(
            """
            INSERT INTO doubted_fills (exchange, account_label, symbol, trade_id, client_order_id, side, ticks, lots, fee,
                fee_asset, is_maker, executed_at, doubted_at)
            VALUES (\(place.exchange.rawValue), \(place.account), \(place.symbol.description),
                \(Int64(bitPattern: fill.tradeID)), \(Int64(fill.orderID.rawValue)), \(fill.side.storedName),
                \(fill.price.ticks), \(fill.quantity.lots), \(fill.fee), \(instrument.feeAsset(fill).rawValue),
                \(fill.liquidity == .maker), \(fill.time), \(now))
            ON CONFLICT (exchange, account_label, symbol, trade_id, client_order_id) DO NOTHING
            """)
    }

    func remove(_ fill: Fill) throws {
        try transaction.execute(
            """
            DELETE FROM doubted_fills WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description) AND trade_id = \(Int64(bitPattern: fill.tradeID))
                AND client_order_id = \(Int64(fill.orderID.rawValue))
            """)
    }

    /// The oldest first.
    func all() throws -> [Fill] {
        try transaction.rows(
            """
            SELECT trade_id, client_order_id, side, ticks, lots, fee, fee_asset, is_maker, executed_at FROM doubted_fills
            WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description)
            ORDER BY executed_at, trade_id
            """
        ).map(fill)
    }

    private func fill(_ row: SQLRow) throws -> Fill {
        let (trade, order): (Int64, Int64) = (try row.get("trade_id"), try row.get("client_order_id"))
        guard let id = ClientOrderID(rawValue: UInt64(bitPattern: order)) else {
            throw StoredValueError(table: "doubted_fills", column: "client_order_id", value: "\(order)")
        }
        let asset = AssetID(try row.get("fee_asset", as: String.self))
        let isMaker: Bool = try row.get("is_maker")
        return Fill(
            tradeID: UInt64(bitPattern: trade), orderID: id,
            side: try stored("doubted_fills", "side", row.get("side")) { Side(storedName: $0) },
            price: Price(ticks: try row.get("ticks")), quantity: Quantity(lots: try row.get("lots")),
            liquidity: isMaker ? .maker : .taker, fee: try row.get("fee"),
            feeAsset: asset == instrument.base ? .base : asset == instrument.quote ? .quote : .other(0),
            time: try row.get("executed_at"))
    }
}
