import TradingCore

extension BitfinexDialect {
    /// An open order. Finished ones are not in this list: ``doneOrder(_:)`` looks where they are.
    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        try lookup(order, "", "orders")
    }

    /// A finished order, of about the last two weeks.
    public func doneOrder(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder>? {
        try lookup(order, "/hist", "order history")
    }

    private func lookup(
        _ order: OrderReference, _ suffix: String, _ limit: String
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        var fields: ExtraParameters
        if let id = order.id {
            fields = [.init(key: "id", value: .array([.number(try Self.number(id, "order id"))]))]
        } else {
            fields = try identity(of: order)
            if suffix == "/hist", let placedAt = order.placedAt {
                // Nothing says that the history takes client ids: the day's orders are asked for, and looked through.
                fields = [
                    .init(key: "start", value: .number(String(placedAt > 60_000 ? placedAt - 60_000 : 0))),
                    .init(key: "limit", value: .number("2500")),
                    .init(key: "sort", value: .number("1")),
                ]
            }
        }
        let request = post(try ordersPath(order.symbol) + suffix, fields + order.extra, limit)
        let group = orderTag?.description
        return EndpointCall(request) { [catalog] answer in
            for row in try answer.list() {
                let found = try BitfinexMapping.order(row, catalog)
                if order.id != nil
                    ? found.id == order.id
                    : found.clientOrderID == order.clientOrderID && (group == nil || found.groupID == group)
                {
                    return found
                }
            }
            throw ExchangeFailure(.orderNotFound, message: "no order \(order.id ?? order.clientOrderID ?? "")")
        }
    }

    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        let request = post(try ordersPath(query.symbol), query.extra, "orders")
        return EndpointCall(request) { [catalog] answer in
            query.selected(try answer.list().map { try BitfinexMapping.order($0, catalog) }, by: \.createdAt)
        }
    }

    /// Filled and cancelled ones alike, as the exchange lists them.
    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        let request = post(try ordersPath(query.symbol) + "/hist", Self.window(query), "order history")
        return EndpointCall(request) { [catalog] answer in
            query.selected(try answer.list().map { try BitfinexMapping.order($0, catalog) }, by: \.createdAt)
        }
    }

    public func cancelledAndClosedOrders(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try closedOrders(query)
    }

    public func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try closedOrders(query).map { orders in orders.filter { $0.status == .cancelled } }
    }

    // MARK: - Trades

    /// - Parameter query: without an end the newest come first, so that a limit cuts off the oldest.
    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var path = "auth/r/trades"
        if query.symbol != nil { path += "/" + (try catalog.required(query.symbol)).id }
        var fields: ExtraParameters = []
        if let until = query.until { fields.append(.init(key: "end", value: .number(String(until)))) }
        if let since = query.since { fields.append(.init(key: "start", value: .number(String(since)))) }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 2_500)))))
        }
        let request = post(path + "/hist", fields + query.extra, "own trades")
        return EndpointCall(request) { [catalog] answer in
            query.selected(try answer.list().map { try BitfinexMapping.ownTrade($0, catalog) }, by: \.time)
        }
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(order.symbol ?? query.symbol)
        guard let id = order.id else { throw ExchangeFailure(.argumentsRequired, message: "an order id is required") }
        let path = "auth/r/order/\(market.id):\(try Self.number(id, "order id"))/trades"
        return EndpointCall(post(path, query.extra, "own trades")) { [catalog] answer in
            query.selected(try answer.list().map { try BitfinexMapping.ownTrade($0, catalog) }, by: \.time)
        }
    }

    // MARK: - Parts

    private func ordersPath(_ symbol: Symbol?) throws(ExchangeFailure) -> String {
        symbol == nil ? "auth/r/orders" : "auth/r/orders/" + (try catalog.required(symbol)).id
    }

    static func window(_ query: HistoryQuery) -> ExtraParameters {
        var fields: ExtraParameters = []
        if let since = query.since { fields.append(.init(key: "start", value: .number(String(since)))) }
        if let until = query.until { fields.append(.init(key: "end", value: .number(String(until)))) }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 2_500)))))
        }
        return fields + query.extra
    }
}
