import Persistence
import TradingCore

/// Who placed an order, and as what: stored beside the order in the same transaction.
struct DirectOrderDetails: Hashable, Sendable {
    var userID: String
    var clientID: String
    var type: OrderType
    var timeInForce: TimeInForce
    /// The caller's own name for the request; the same one again is the same order.
    var requestID: String?

    /// What makes two requests the same, if anything does.
    var request: Request? {
        requestID.map { Request(userID: userID, clientID: clientID, id: $0) }
    }

    struct Request: Hashable, Sendable {
        var userID: String
        var clientID: String
        var id: String
    }
}

/// `direct_orders`: what `orders` does not tell of those that people placed.
struct DirectOrderStore {
    let transaction: any SQLTransaction

    static let migration = Migration("market-making-008-direct-orders") { transaction in
        try transaction.execute(
            """
            CREATE TABLE direct_orders (
                client_order_id INTEGER PRIMARY KEY REFERENCES orders (client_order_id),
                user_id TEXT NOT NULL,
                client_id TEXT NOT NULL,
                type TEXT NOT NULL CHECK (type IN ('limit', 'market')),
                request_id TEXT
            ) STRICT
            """)
        try transaction.execute("CREATE INDEX direct_orders_of_user ON direct_orders (user_id, client_id, request_id)")
    }

    static let timesInForce = Migration("market-making-016-times-in-force") { transaction in
        try transaction.execute(
            """
            ALTER TABLE direct_orders ADD COLUMN time_in_force TEXT NOT NULL DEFAULT 'GTC'
                CHECK (time_in_force IN ('GTC', 'IOC', 'FOK'))
            """)
        try transaction.execute("UPDATE direct_orders SET time_in_force = 'IOC' WHERE type = 'market'")
    }

    static let rejections = Migration("market-making-017-rejections") { transaction in
        // Nil: it was not refused, or nobody has said why.
        try transaction.execute("ALTER TABLE direct_orders ADD COLUMN rejection TEXT")
    }

    func insert(_ id: ClientOrderID, _ details: DirectOrderDetails) throws {
        try transaction.execute(
            """
            INSERT INTO direct_orders (client_order_id, user_id, client_id, type, time_in_force, request_id)
            VALUES (\(Int64(id.rawValue)), \(details.userID), \(details.clientID),
                \(details.type == .market ? "market" : "limit"), \(details.timeInForce.code), \(details.requestID.sqlValue))
            """)
    }

    /// Why the exchange refused an order; nothing of one that no person placed.
    func setRejection(_ reason: RejectReason, of id: ClientOrderID) throws {
        try transaction.execute(
            "UPDATE direct_orders SET rejection = \(reason.code) WHERE client_order_id = \(Int64(id.rawValue))")
    }

    /// The order that a request made, if it made one.
    func order(of details: DirectOrderDetails) throws -> ClientOrderID? {
        guard let request = details.requestID else { return nil }
        let row = try transaction.row(
            """
            SELECT client_order_id FROM direct_orders WHERE user_id = \(details.userID)
                AND client_id = \(details.clientID) AND request_id = \(request)
            """)
        return try row.flatMap { ClientOrderID(rawValue: UInt64(bitPattern: try $0.get(0, as: Int64.self))) }
    }

    /// An order with its place and its fills; nil when no order of this id was ever stored.
    func view(_ id: ClientOrderID) throws -> DirectOrderView? {
        let row = try transaction.row(
            """
            SELECT o.*, d.user_id, d.client_id, d.type, d.time_in_force, d.rejection FROM orders o
            LEFT JOIN direct_orders d ON d.client_order_id = o.client_order_id
            WHERE o.client_order_id = \(Int64(id.rawValue))
            """)
        guard let row else { return nil }
        let order = try OrderStore.order(row)
        let (quantity, price): (FixedDecimal, FixedDecimal) = (try row.get("quantity"), try row.get("price"))
        let symbol: String = try row.get("symbol")
        guard let pair = Symbol(symbol) else {
            throw StoredValueError(table: "orders", column: "symbol", value: symbol)
        }
        var view = DirectOrderView(
            id: id, userID: try row.get("user_id"), clientID: try row.get("client_id"),
            place: TradingPlace(
                exchange: ExchangeID(rawValue: try row.get("exchange")), account: try row.get("account_label"),
                symbol: pair), side: order.side,
            type: try row.get("type", as: String?.self) == "market" ? .market : .limit,
            isPostOnly: order.isPostOnly, price: price, quantity: quantity, status: order.status,
            createdAt: order.createdAt)
        // Nil where a strategy placed it: those rest.
        if let code = try row.get("time_in_force", as: String?.self) {
            guard let timeInForce = TimeInForce(code: code) else {
                throw StoredValueError(table: "direct_orders", column: "time_in_force", value: code)
            }
            view.timeInForce = timeInForce
        }
        if let code = try row.get("rejection", as: String?.self) {
            guard let reason = RejectReason(code: code) else {
                throw StoredValueError(table: "direct_orders", column: "rejection", value: code)
            }
            view.rejection = reason
        }
        try addFills(to: &view)
        return view
    }

    private func addFills(to view: inout DirectOrderView) throws {
        let fills = try transaction.rows(
            """
            SELECT price, quantity, fee, fee_asset FROM fills
            WHERE client_order_id = \(Int64(view.id.rawValue)) ORDER BY id
            """)
        for fill in fills {
            let (price, quantity): (FixedDecimal, FixedDecimal) = (try fill.get("price"), try fill.get("quantity"))
            view.filled = try view.filled.adding(quantity)
            view.cost = try view.cost.adding(price.multiplied(by: quantity, rounding: .down))
            let (fee, asset): (FixedDecimal, String) = (try fill.get("fee"), try fill.get("fee_asset"))
            view.fees[AssetID(asset)] = try (view.fees[AssetID(asset)] ?? .zero).adding(fee)
        }
    }
}
