import TradingCore

extension GateDialect {
    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        var fields = ParameterList()
        fields.add("account", account.rawValue)
        fields.add("currency_pair", try catalog.required(order.symbol).id)
        let request = accountRequest(
            "spot", "orders/" + (try GateDialect.name(of: order)), fields.with(order.extra))
        return EndpointCall(request) { answer in try self.order(answer) }
    }

    /// Of all markets in one answer, grouped by market.
    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try orders("open_orders", status: "open", query)
    }

    /// Pages are counted from 1, and hold so many orders of each market.
    public func openOrdersPage(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<OrderPage> {
        let limit = min(max(query.limit ?? 100, 1), 100)
        let page = query.fromID.flatMap { Int64($0) } ?? 1
        let wanted = try query.symbol.map { symbol throws(ExchangeFailure) in try catalog.required(symbol).id }
        var fields = ParameterList()
        fields.add("account", account.rawValue)
        fields.add("limit", number: Int64(limit))
        fields.add("page", number: page)
        return EndpointCall(accountRequest("spot", "open_orders", fields.with(query.extra))) { answer in
            var found = OrderPage([])
            var isFull = false
            for group in try answer.list(named: "open_orders") {
                guard wanted == nil || group.text("currency_pair") == wanted else { continue }
                let rows = try group.list("orders")
                found.orders += try rows.map { try order($0) }
                isFull = isFull || rows.count >= limit
                let total = try group.integer("total").map { Int(clamping: $0) }
                found.total = wanted == nil ? nil : total
            }
            if isFull { found.next = String(page &+ 1) }
            return found
        }
    }

    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try orders("orders", status: "finished", query)
    }

    private func orders(
        _ path: String, status: String, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = ParameterList()
        fields.add("account", account.rawValue)
        if let symbol = query.symbol { fields.add("currency_pair", try catalog.required(symbol).id) }
        fields.add("status", status)
        GateDialect.addWindow(query, to: &fields, maximum: path == "orders" ? 1_000 : 100)
        return EndpointCall(accountRequest("spot", path, fields.with(query.extra))) { answer in
            let rows = try answer.list(named: path).flatMap { row in try row["orders"]?.list(named: "orders") ?? [row] }
            let orders = try rows.map { try order($0) }
            return query.kept(orders.filter { query.symbol == nil || $0.symbol == query.symbol })
        }
    }

    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        try ownTrades(query, order: nil)
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        guard let id = order.id else {
            throw ExchangeFailure(.argumentsRequired, message: "Gate finds an order's trades by its own id alone")
        }
        var query = query
        query.symbol = query.symbol ?? order.symbol
        query.extra += order.extra
        return try ownTrades(query, order: id)
    }

    private func ownTrades(
        _ query: HistoryQuery, order: String?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var fields = ParameterList()
        if let symbol = query.symbol { fields.add("currency_pair", try catalog.required(symbol).id) }
        fields.add("account", account.rawValue)
        fields.add("order_id", order)
        GateDialect.addWindow(query, to: &fields, maximum: 1_000)
        return EndpointCall(accountRequest("spot", "my_trades", fields.with(query.extra))) { answer in
            query.kept(try answer.list(named: "my_trades").map { try trade($0) })
        }
    }
}
