import TradingCore

extension KuCoinDialect {
    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let (path, fields) = try address(order, .look)
        return call(privateRequest(.get, path, fields.with(order.extra), weight: 2)) { data in
            guard !data.isNull else {
                throw ExchangeFailure(.orderNotFound, message: "KuCoin knows no such order")
            }
            return try self.order(data)
        }
    }

    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        guard !isHighFrequency else {
            var fields = ParameterList()
            fields.add("symbol", try catalog.required(query.symbol).id)
            return orders("hf/orders/active", fields, query)
        }
        return try classicOrders(status: "active", query)
    }

    /// Filled and cancelled, of at most seven days.
    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        guard !isHighFrequency else {
            var fields = ParameterList()
            fields.add("symbol", try catalog.required(query.symbol).id)
            KuCoinDialect.addWindow(query, to: &fields, limit: "limit", maximum: 100)
            return orders("hf/orders/done", fields, query)
        }
        return try classicOrders(status: "done", query)
    }

    private func classicOrders(
        status: String, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = ParameterList()
        if let symbol = query.symbol { fields.add("symbol", try catalog.required(symbol).id) }
        fields.add("tradeType", "TRADE")
        fields.add("status", status)
        KuCoinDialect.addWindow(query, to: &fields, limit: "pageSize", maximum: 500)
        return orders("orders", fields, query)
    }

    private func orders(
        _ path: String, _ fields: ParameterList, _ query: HistoryQuery
    ) -> EndpointCall<[ExchangeOrder]> {
        call(privateRequest(.get, path, fields.with(query.extra), weight: 2)) { data in
            query.kept(try KuCoinDialect.rows(data).map { try order($0) })
        }
    }

    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        try fills(query, order: nil)
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        guard let id = order.id else {
            throw ExchangeFailure(.argumentsRequired, message: "KuCoin finds an order's trades by its own id alone")
        }
        var query = query
        query.symbol = query.symbol ?? order.symbol
        query.extra += order.extra
        return try fills(query, order: id)
    }

    private func fills(
        _ query: HistoryQuery, order: String?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var fields = ParameterList()
        if isHighFrequency || query.symbol != nil { fields.add("symbol", try catalog.required(query.symbol).id) }
        fields.add("orderId", order)
        if isHighFrequency {
            fields.add("lastId", query.fromID)
            KuCoinDialect.addWindow(query, to: &fields, limit: "limit", maximum: 100)
        } else {
            KuCoinDialect.addWindow(query, to: &fields, limit: "pageSize", maximum: 500)
        }
        let request = privateRequest(
            .get, isHighFrequency ? "hf/fills" : "fills", fields.with(query.extra), weight: isHighFrequency ? 2 : 10)
        return call(request) { data in query.kept(try KuCoinDialect.rows(data).map { try fill($0) }) }
    }
}
