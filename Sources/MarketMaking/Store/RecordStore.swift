import Execution
import Persistence
import TradingCore

/// Reading what happened, for people.
struct RecordStore {
    let transaction: any SQLTransaction

    /// Newest first. Whatever was stored before, only as much is read as is told: strategies have orders by the million.
    func history(_ filter: HistoryFilter, _ page: RecordPage) throws -> [HistoryEntry] {
        let older = try page.before.map(older)
        let rows: [SQLRow] =
            switch filter {
            case .instance(let id): try transaction.rows(Self.orders(of: id, older, page.limit))
            case .user(let user):
                try newest(page.limit, by: "created_at", then: "client_order_id", sources(of: user)) { source in
                    switch source {
                    case .instance(let id): Self.orders(of: id, older, page.limit)
                    case .byHand: Self.ordersByHand(of: user, older, page.limit)
                    }
                }
            }
        return try rows.map(entry)
    }

    /// Which orders come after an entry of a list.
    private func older(than id: Int64) throws -> SQL {
        guard let last = try transaction.row("SELECT created_at FROM orders WHERE client_order_id = \(id)") else {
            throw DeskError.invalid(["before \(id): must be the id of an entry of this list"])
        }
        let time: Int64 = try last.get("created_at")
        return " AND o.created_at <= \(time) AND (o.created_at < \(time) OR o.client_order_id < \(id))"
    }

    static func orders(of instance: Int64, _ older: SQL?, _ limit: Int64) -> SQL {
        """
        SELECT o.*, COALESCE(d.user_id, i.user_id) AS user_id, COALESCE(d.client_id, i.client_id) AS client_id,
            i.strategy_type
        FROM orders o JOIN strategy_instances i ON i.id = o.instance_id
        LEFT JOIN direct_orders d ON d.client_order_id = o.client_order_id
        WHERE o.instance_id = \(instance)
        """ + (older ?? "") + " ORDER BY o.created_at DESC, o.client_order_id DESC LIMIT \(limit)"
    }

    private static func ordersByHand(of user: String, _ older: SQL?, _ limit: Int64) -> SQL {
        """
        SELECT o.*, d.user_id, d.client_id, i.strategy_type
        FROM direct_orders d JOIN orders o ON o.client_order_id = d.client_order_id
        JOIN strategy_instances i ON i.id = o.instance_id
        WHERE d.user_id = \(user)
        """ + (older ?? "") + " ORDER BY o.created_at DESC, o.client_order_id DESC LIMIT \(limit)"
    }

    // MARK: - Whose

    private enum Source {
        case instance(Int64)
        /// The orders that a person has placed without a strategy, whichever session holds them.
        case byHand
    }

    private func sources(of user: String, type named: String? = nil) throws -> [Source] {
        // A type has two names.
        let type = named.map { StrategyType(wireName: $0)?.rawValue ?? $0 }
        let instances = try transaction.rows(
            "SELECT id, strategy_type FROM strategy_instances WHERE user_id = \(user) ORDER BY id DESC")
        let ids = try instances.compactMap { row -> Int64? in
            let its: String = try row.get("strategy_type")
            return its != StrategyType.direct.rawValue && type ?? its == its ? try row.get("id") : nil
        }
        return ids.map(Source.instance)
            + (type ?? StrategyType.direct.rawValue == StrategyType.direct.rawValue ? [.byHand] : [])
    }

    /// The newest of several lists, each newest first and no longer than `limit`.
    private func newest(
        _ limit: Int64, by time: String, then id: String, _ sources: [Source], _ query: (Source) -> SQL
    ) throws -> [SQLRow] {
        var found: [(time: Int64, id: Int64, row: SQLRow)] = []
        for source in sources {
            for row in try transaction.rows(query(source)) {
                found.append((try row.get(time), try row.get(id), row))
            }
            found.sort { ($0.time, $0.id) > ($1.time, $1.id) }
            if found.count > limit { found.removeLast(found.count - Int(limit)) }
        }
        return found.map(\.row)
    }

    private func entry(_ row: SQLRow) throws -> HistoryEntry {
        let order = try OrderStore.order(row)
        let quantity: FixedDecimal = try row.get("quantity")
        let lot = quantity.raw / Int128(order.quantity.lots)
        return HistoryEntry(
            id: Int64(order.id.rawValue), userID: try row.get("user_id"), clientID: try row.get("client_id"),
            exchange: try row.get("exchange"), pair: try row.get("symbol"), side: order.side, amount: quantity,
            price: try row.get("price"), filled: FixedDecimal(raw: lot * Int128(order.filled.lots)),
            orderID: order.id.description, executedAt: order.createdAt, status: Self.status(order.status),
            strategy: try row.get("strategy_type"), strategyInstanceID: order.instanceID)
    }

    /// The original's word where it has one.
    private static func status(_ status: OrderStatus) -> String {
        switch status {
        // Stored, and not known to have left yet: nothing that could be called open.
        case .pending: "pending"
        case .open, .cancelling: "open"
        case .unknown: "unknown"
        case .filled: "closed"
        case .cancelled: "canceled"
        case .rejected: "rejected"
        case .expired: "expired"
        }
    }

    func performance(userID: String, strategyType: String?, _ page: RecordPage) throws -> [PerformanceEntry] {
        let older: SQL? = page.before.map { " AND f.id < \($0)" }
        let rows = try newest(page.limit, by: "id", then: "id", sources(of: userID, type: strategyType)) { source in
            switch source {
            case .instance(let id): Self.fills(of: id, older, page.limit)
            case .byHand: Self.fillsByHand(of: userID, older, page.limit)
            }
        }
        return try rows.map { row in
            let fill = try Self.fill(row)
            return PerformanceEntry(
                id: fill.id, userID: try row.get("user_id"), clientID: try row.get("client_id"),
                strategyType: try row.get("strategy_type"), profitLoss: fill.realizedPnL,
                additionalMetrics: Self.metrics(fill, total: try row.get("total_realized")), executedAt: fill.time)
        }
    }

    static func fills(of instance: Int64, _ older: SQL?, _ limit: Int64) -> SQL {
        """
        SELECT f.*, COALESCE(d.user_id, i.user_id) AS user_id, COALESCE(d.client_id, i.client_id) AS client_id,
            i.strategy_type
        FROM fills f JOIN strategy_instances i ON i.id = f.instance_id
        LEFT JOIN direct_orders d ON d.client_order_id = f.client_order_id
        WHERE f.instance_id = \(instance)
        """ + (older ?? "") + " ORDER BY f.id DESC LIMIT \(limit)"
    }

    static func fillsByHand(of user: String, _ older: SQL?, _ limit: Int64) -> SQL {
        """
        SELECT f.*, d.user_id, d.client_id, i.strategy_type
        FROM direct_orders d JOIN fills f ON f.client_order_id = d.client_order_id
        JOIN strategy_instances i ON i.id = f.instance_id
        WHERE d.user_id = \(user)
        """ + (older ?? "") + " ORDER BY f.id DESC LIMIT \(limit)"
    }

    private static func metrics(_ fill: FillEntry, total: FixedDecimal) -> String {
        """
        {"exchange":"\(fill.exchange)","pair":"\(fill.pair)","side":"\(fill.side.storedName)",\
        "price":"\(fill.price)","quantity":"\(fill.quantity)","fee":"\(fill.fee)","feeAsset":"\(fill.feeAsset)",\
        "position":"\(fill.position)","totalRealizedPnL":"\(total)"}
        """
    }

    func fills(of instanceID: Int64, after: Int64, limit: Int) throws -> [FillEntry] {
        try transaction.rows(
            """
            SELECT * FROM fills WHERE instance_id = \(instanceID) AND id > \(after)
            ORDER BY id LIMIT \(Int64(limit))
            """
        ).map(Self.fill)
    }

    private static func fill(_ row: SQLRow) throws -> FillEntry {
        let (trade, order): (Int64, Int64) = (try row.get("trade_id"), try row.get("client_order_id"))
        return FillEntry(
            id: try row.get("id"), tradeID: "\(UInt64(bitPattern: trade))", orderID: "\(order)",
            exchange: try row.get("exchange"), pair: try row.get("symbol"),
            side: try stored("fills", "side", row.get("side")) { Side(storedName: $0) }, price: try row.get("price"),
            quantity: try row.get("quantity"), fee: try row.get("fee"), feeAsset: try row.get("fee_asset"),
            isMaker: try row.get("is_maker"), realizedPnL: try row.get("realized"),
            position: try row.get("position"), time: try row.get("executed_at"))
    }

    /// A session that is not at work, from its stored books.
    func inspection(_ row: StrategyInstanceStore.Row) throws -> StrategyInspection {
        let id = row.instance.id
        let books = try SessionBooksStore(transaction: transaction).books(of: id)
        let last = try transaction.row(
            "SELECT * FROM fills WHERE instance_id = \(id) AND run = \(row.run) ORDER BY id DESC LIMIT 1")
        let counted = try transaction.row("SELECT COUNT(*) AS n FROM orders WHERE instance_id = \(id)")
        let state = try TradingStateStore(transaction: transaction).all().first {
            $0.scope == .session(row.instance.key.description)
        }
        return StrategyInspection(
            instance: row.instance, state: state?.state ?? .active, reason: state?.reason,
            base: books?.base ?? .zero, quote: books?.quote ?? .zero, position: try last?.get("position") ?? .zero,
            realizedPnL: try last?.get("total_realized") ?? .zero, unrealizedPnL: nil,
            orderCount: try counted?.get("n") ?? 0, fillCount: books?.account.fillCount ?? 0, openOrders: [])
    }
}
