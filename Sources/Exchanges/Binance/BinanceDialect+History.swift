import TradingCore

/// What became of orders. Source: "Account endpoints" of the REST API.
extension BinanceDialect {
    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields: [JSONValue.Member] = []
        if let symbol = query.symbol { fields.append(BinanceField.text("symbol", try catalog.required(symbol).id)) }
        let request = privateRequest(
            .get, "openOrders", fields, query.extra, costs: weight(query.symbol == nil ? 80 : 6))
        return orderList(request)
    }

    public func orders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try allOrders(query, limit: query.limit)
    }

    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try filtered(query) { $0 == .closed }
    }

    public func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try filtered(query) { $0 == .cancelled }
    }

    public func cancelledAndClosedOrders(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try filtered(query) { $0 == .closed || $0 == .cancelled }
    }

    /// The exchange does not tell states apart: all are asked for, without a limit, and picked from.
    private func filtered(
        _ query: HistoryQuery, _ isWanted: @escaping @Sendable (OrderState?) -> Bool
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try allOrders(query, limit: nil).map { orders in orders.filter { isWanted($0.status) } }
    }

    private func allOrders(
        _ query: HistoryQuery, limit: Int?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        let market = try catalog.required(query.symbol)
        let fields =
            [BinanceField.text("symbol", market.id)] + BinanceField.optional("startTime", query.since)
            + BinanceField.optional("endTime", query.until)
            + BinanceField.optional("limit", limit.map { min($0, 1_000) })
            + BinanceField.optional("orderId", query.fromID)
        return orderList(privateRequest(.get, "allOrders", fields, query.extra, costs: weight(20)))
    }

    private func orderList(_ request: EndpointRequest) -> EndpointCall<[ExchangeOrder]> {
        EndpointCall(request) { [catalog] answer in try answer.list().map { try BinanceMapping.order($0, catalog) } }
    }

    /// At most 24 hours between `since` and `until`.
    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        try trades(query, of: nil)
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        guard let id = order.id else { throw ExchangeFailure(.argumentsRequired, message: "an order id is required") }
        var query = query
        query.symbol = order.symbol ?? query.symbol
        return try trades(query, of: id)
    }

    private func trades(
        _ query: HistoryQuery, of orderID: String?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(query.symbol)
        let fields =
            [BinanceField.text("symbol", market.id)] + BinanceField.optional("orderId", orderID)
            + BinanceField.optional("startTime", query.since) + BinanceField.optional("endTime", query.until)
            + BinanceField.optional("limit", query.limit.map { min($0, 1_000) })
            + BinanceField.optional("fromId", query.fromID)
        let request = privateRequest(
            .get, "myTrades", fields, query.extra, costs: weight(orderID == nil ? 20 : 5))
        return EndpointCall(request) { [catalog] answer in
            try answer.list().map { try BinanceMapping.ownTrade($0, catalog) }
        }
    }
}
