import Execution
import Persistence
import TradingCore

/// An order as stored.
struct StoredOrder: Hashable, Sendable {
    var id: ClientOrderID
    var instanceID: Int64
    var run: Int64
    var parametersVersion: Int64
    var side: Side
    var level: UInt8
    var price: Price
    var quantity: Quantity
    var filled: Quantity
    var isPostOnly: Bool
    var status: OrderStatus
    var createdAt: Timestamp
    /// Who placed it, where that was a person; not read back.
    var direct: DirectOrderDetails?
}

extension Sequence<StoredOrder> {
    /// When each was placed, or a little before: a row is written before its order leaves.
    var placements: [ClientOrderID: Timestamp] {
        Dictionary(map { ($0.id, $0.createdAt) }) { first, _ in first }
    }
}

/// `orders` of one place. Every change moves along ``OrderStatus``'s table and takes the funds with it.
struct OrderStore {
    let transaction: any SQLTransaction
    let place: TradingPlace
    let instrument: Instrument
    /// Where orders that rise again are told.
    var risen: RisenOrders?
    /// Where fills that cannot be of their orders are told.
    var refusals: FillRefusals?
    /// Where orders that were changed at the exchange are told.
    var amended: AmendedOrders?

    var ledger: AccountLedger { AccountLedger(transaction: transaction, place: place) }

    // Kept: a requote runs them a dozen times, and somebody waits.
    private static let insertion = SQLStatement(
        """
        INSERT INTO orders (client_order_id, instance_id, run, parameters_version, exchange, account_label, symbol,
            side, level, ticks, lots, price, quantity, is_post_only, status, filled_lots, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
        """)
    private static let change = SQLStatement(
        """
        UPDATE orders SET status = ?, filled_lots = ?, updated_at = ?
        WHERE client_order_id = ? AND status = ? AND filled_lots = ?
        """)
    private static let columns = """
        client_order_id, instance_id, run, parameters_version, side, level, ticks, lots, filled_lots, is_post_only, status, \
        created_at
        """
    private static let byID = SQLStatement(
        "SELECT \(columns) FROM orders WHERE client_order_id = ? AND exchange = ? AND account_label = ? AND symbol = ?")

    /// Stores an intent and reserves its funds.
    /// - Returns: false, with nothing stored, when the account has not enough free.
    func insert(_ order: StoredOrder) throws -> Bool {
        let hold = hold(order, lots: order.quantity.lots)
        let amount = FixedDecimal(raw: hold.amount)
        guard try ledger.reserve(amount, hold.asset, for: order.id, now: order.createdAt) else { return false }
        let unit = instrument.unit
        let values: [SQLValue] = [
            .integer(Int64(order.id.rawValue)), .integer(order.instanceID), .integer(order.run),
            .integer(order.parametersVersion), .text(place.exchange.rawValue), .text(place.account),
            .text(place.symbol.description), .text(order.side.storedName), .integer(Int64(order.level)),
            .integer(order.price.ticks), .integer(order.quantity.lots), unit.decimal(order.price).sqlValue,
            unit.decimal(order.quantity).sqlValue, order.isPostOnly.sqlValue, .text(order.status.storedName),
            order.createdAt.sqlValue, order.createdAt.sqlValue,
        ]
        try transaction.execute(SQL(Self.insertion, values))
        if let direct = order.direct { try DirectOrderStore(transaction: transaction).insert(order.id, direct) }
        return true
    }

    /// Moves an order along the table. One that ends gives its funds back. One that was said never to have been and is accepted
    /// after all lives again, which no table of an engine allows: there it has ended.
    /// - Returns: false, with nothing changed, when there is no such order or the table has no such step.
    @discardableResult
    func update(_ id: ClientOrderID, _ update: OrderUpdate, now: Timestamp) throws -> Bool {
        guard let order = try order(id) else { return false }
        if order.status == .rejected, update == .accepted { return try rise(order, filled: order.filled, now: now) }
        // What an exchange showed once and knows no more, it has forgotten: whatever became of it, it rests no more and holds nothing.
        let isForgotten = update == .neverExisted && order.status == .open
        guard let status = order.status.after(isForgotten ? .expired : update) else { return false }
        if status == order.status { return true }
        if status.isFinal { try ledger.release(id, now: now) }
        return try set(id, status, filled: order.filled, from: order, now)
    }

    /// The order row's part of a fill: quantity and status. ``FillStore`` moves the funds.
    func fill(_ order: StoredOrder, lots: Int64, now: Timestamp) throws {
        let filled = Quantity(lots: order.filled.lots + lots)
        let isWhole = filled.lots >= order.quantity.lots
        if order.status == .rejected {
            // What has traded whole holds nothing any more.
            if isWhole { try set(order.id, .filled, filled: filled, from: order, now) }
            if !isWhole { try rise(order, filled: filled, now: now) }
            return
        }
        let status = order.status.after(isWhole ? .filled : .partlyFilled) ?? order.status
        try set(order.id, status, filled: filled, from: order, now)
    }

    /// - Returns: whether the row was as it was read.
    @discardableResult
    func set(
        _ id: ClientOrderID, _ status: OrderStatus, filled: Quantity, from old: StoredOrder, _ now: Timestamp
    ) throws -> Bool {
        let values: [SQLValue] = [
            .text(status.storedName), .integer(filled.lots), now.sqlValue, .integer(Int64(id.rawValue)),
            .text(old.status.storedName), .integer(old.filled.lots),
        ]
        return try transaction.execute(SQL(Self.change, values)) == 1
    }

    /// Which asset, and how much of it, an order of so many lots holds.
    func hold(_ order: StoredOrder, lots: Int64) -> (asset: AssetID, amount: Int128) {
        let unit = instrument.unit
        if order.side == .buy {
            return (instrument.quote, unit.notional.raw * (Int128(order.price.ticks) * Int128(lots)))
        }
        return (instrument.base, unit.quantity.raw * Int128(lots))
    }

    // MARK: - Looking

    /// - Returns: nil for one of another account too: two labels whose keys are of one exchange account both hear of it.
    func order(_ id: ClientOrderID) throws -> StoredOrder? {
        try transaction.row(
            SQL(
                Self.byID,
                [
                    .integer(Int64(id.rawValue)), .text(place.exchange.rawValue), .text(place.account),
                    .text(place.symbol.description),
                ])
        ).map(Self.order)
    }

    /// The symbol of an order that the same account has at another of its instruments, and whose it is.
    func elsewhere(_ id: ClientOrderID) throws -> (symbol: String, instanceID: Int64)? {
        try transaction.row(
            """
            SELECT symbol, instance_id FROM orders WHERE client_order_id = \(Int64(id.rawValue))
                AND exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol <> \(place.symbol.description)
            """
        ).map { (try $0.get("symbol"), try $0.get("instance_id")) }
    }

    /// Whether an order is stored, at whatever place.
    static func isStored(_ id: ClientOrderID, _ transaction: any SQLTransaction) throws -> Bool {
        try transaction.row("SELECT client_order_id FROM orders WHERE client_order_id = \(Int64(id.rawValue))") != nil
    }

    /// As the index of live orders says it: word for word, or SQLite does not use it.
    static let isLive = "status = 'pending' OR status = 'unknown' OR status = 'open' OR status = 'cancelling'"

    /// The same of `orders` under the name `o`, beside other tables.
    static let isLiveOrder = isLive.replacing("status", with: "o.status")

    static func hasLive(at place: TradingPlace, _ transaction: any SQLTransaction) throws -> Bool {
        try transaction.row(
            """
            SELECT client_order_id FROM orders WHERE exchange = \(place.exchange.rawValue)
                AND account_label = \(place.account) AND symbol = \(place.symbol.description) AND (\(raw: isLive)) LIMIT 1
            """) != nil
    }

    /// Whether an instance, where it trades now, has an order that is not known to have ended.
    static func hasLive(of instanceID: Int64, _ transaction: any SQLTransaction) throws -> Bool {
        // By place, for the index of live orders: an instance may have made millions that have ended.
        try transaction.row(
            """
            SELECT o.client_order_id FROM strategy_instances i
            JOIN orders o ON o.exchange = i.exchange AND o.account_label = i.account_label AND o.symbol = i.symbol
            WHERE i.id = \(instanceID) AND o.instance_id = i.id AND (\(raw: isLiveOrder)) LIMIT 1
            """) != nil
    }

    /// Orders that are not known to have ended, oldest first.
    func live() throws -> [StoredOrder] {
        try transaction.rows(
            """
            SELECT \(raw: Self.columns) FROM orders WHERE exchange = \(place.exchange.rawValue) AND account_label = \(place.account)
                AND symbol = \(place.symbol.description) AND (\(raw: Self.isLive))
            ORDER BY created_at, client_order_id
            """
        ).map(Self.order)
    }

    /// One past the highest sequence number that a session has ever stored, and not below ``OrderSequenceFloor``.
    static func nextSequence(
        of session: SessionID, installation: InstallationID, _ transaction: any SQLTransaction
    ) throws -> UInt32 {
        let first = ClientOrderIDSource(installation: installation, session: session)
        var source = first
        guard let lowest = source.next() else { return 0 }
        let highest = lowest.rawValue | ((1 << UInt64(ClientOrderID.sequenceBits)) - 1)
        let row = try transaction.row(
            """
            SELECT MAX(client_order_id) AS highest FROM orders
            WHERE client_order_id BETWEEN \(Int64(lowest.rawValue)) AND \(Int64(highest))
            """)
        let stored: Int64? = try row?.get("highest") ?? nil
        let floor = try OrderSequenceFloor(transaction: transaction).current()
        guard let stored, let id = ClientOrderID(rawValue: UInt64(stored)) else { return floor }
        return max(floor, id.sequence + 1)
    }

    /// - Parameter row: with ``columns`` among its own.
    static func order(_ row: SQLRow) throws -> StoredOrder {
        let rawID: Int64 = try row.get("client_order_id")
        guard let id = ClientOrderID(rawValue: UInt64(bitPattern: rawID)) else {
            throw StoredValueError(table: "orders", column: "client_order_id", value: "\(rawID)")
        }
        let level: Int64 = try row.get("level")
        return StoredOrder(
            id: id, instanceID: try row.get("instance_id"), run: try row.get("run"),
            parametersVersion: try row.get("parameters_version"),
            side: try stored("orders", "side", row.get("side")) { Side(storedName: $0) },
            level: UInt8(clamping: level), price: Price(ticks: try row.get("ticks")),
            quantity: Quantity(lots: try row.get("lots")), filled: Quantity(lots: try row.get("filled_lots")),
            isPostOnly: try row.get("is_post_only"),
            status: try stored("orders", "status", row.get("status")) { OrderStatus(storedName: $0) },
            createdAt: try row.get("created_at"))
    }
}
