public import TradingCore

extension MEXCDialect {
    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        EndpointCall(signed(.post, "order", try fields(of: order), orders: 1)) { [catalog] answer in
            try MEXCMapping.order(answer, catalog)
        }
    }

    /// At most twenty, each with its own outcome.
    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        guard (1...abilities.placeBatch).contains(orders.count) else {
            throw ExchangeFailure(.badRequest, message: "1 to \(abilities.placeBatch) orders in a call")
        }
        var list: [JSONValue] = []
        for order in orders { list.append(.object(try fields(of: order))) }
        let fields = [JSONValue.Member(key: "batchOrders", value: .string(JSONValue.array(list).compactText))]
        // More than a second's worth could never be had.
        let request = signed(.post, "batchOrders", fields, orders: min(orders.count, options.ordersPerSecond))
        return EndpointCall(request) { [catalog] answer in
            try answer.list().map { row in
                if let code = row.text("code"), code != "0", code != "200" {
                    let message = row.text("msg") ?? ""
                    return .refused(
                        ExchangeFailure(Self.kind(ofCode: code, message), code: code, message: message))
                }
                return .order(try MEXCMapping.order(row, catalog))
            }
        }
    }

    private func fields(of order: OrderPlacement) throws(ExchangeFailure) -> ExtraParameters {
        let market = try catalog.required(order.symbol)
        guard order.triggerPrice == nil else { throw unsupported("conditional order") }
        var fields: ExtraParameters = [
            .init(key: "symbol", value: .string(market.id)),
            .init(key: "side", value: .string(order.side == .buy ? "BUY" : "SELL")),
            .init(key: "type", value: .string(type(of: order))),
        ]
        fields += try order.kind == .market ? marketFields(of: order, market) : limitFields(of: order, market)
        if let clientID = order.clientOrderID {
            fields.append(.init(key: "newClientOrderId", value: .string(clientID)))
        }
        return fields + order.extra
    }

    private func limitFields(
        of order: OrderPlacement, _ market: ExchangeMarket
    ) throws(ExchangeFailure) -> ExtraParameters {
        guard let amount = order.amount, let price = order.price else {
            throw ExchangeFailure(.argumentsRequired, message: "a limit order needs an amount and a price")
        }
        return [
            .init(key: "quantity", value: .string(try market.rounded(amount: amount).description)),
            .init(key: "price", value: .string(try market.rounded(price: price).description)),
        ]
    }

    /// By cost, or by amount; a buy of an amount at a price is one by what that costs.
    private func marketFields(
        of order: OrderPlacement, _ market: ExchangeMarket
    ) throws(ExchangeFailure) -> ExtraParameters {
        var cost = order.cost
        if cost == nil, order.side == .buy, let price = order.price, let amount = order.amount {
            do { cost = try amount.multiplied(by: price, rounding: .down) } catch {
                throw ExchangeFailure(.invalidOrder, message: "\(amount) at \(price) is out of range")
            }
        }
        var fields: ExtraParameters = []
        if let cost {
            fields.append(.init(key: "quoteOrderQty", value: .string(try market.rounded(cost: cost).description)))
        } else if let amount = order.amount {
            fields.append(.init(key: "quantity", value: .string(try market.rounded(amount: amount).description)))
        } else {
            throw ExchangeFailure(.argumentsRequired, message: "a market order needs an amount or a cost")
        }
        if let price = order.price {
            fields.append(.init(key: "price", value: .string(try market.rounded(price: price).description)))
        }
        return fields
    }

    private func type(of order: OrderPlacement) -> String {
        if order.kind == .market { return "MARKET" }
        if order.isPostOnly { return "LIMIT_MAKER" }
        switch order.timeInForce {
        case .immediateOrCancel: return "IMMEDIATE_OR_CANCEL"
        case .fillOrKill: return "FILL_OR_KILL"
        case .goodTillCancelled, nil: return "LIMIT"
        }
    }

    // MARK: - Cancelling

    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        EndpointCall(signed(.delete, "order", try identity(of: order) + order.extra)) { [catalog] answer in
            try MEXCMapping.order(answer, catalog)
        }
    }

    /// Without a symbol the answer does not say what was cancelled.
    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        guard symbol != nil else { return EndpointCall(signed(.delete, "order/all", extra)) { _ in [] } }
        let market = try catalog.required(symbol)
        let fields = [JSONValue.Member(key: "symbol", value: .string(market.id))]
        return EndpointCall(signed(.delete, "openOrders", fields + extra)) { [catalog] answer in
            try answer.list().map { try MEXCMapping.order($0, catalog) }
        }
    }

    private func identity(of order: OrderReference) throws(ExchangeFailure) -> ExtraParameters {
        let market = try catalog.required(order.symbol)
        let symbol = JSONValue.Member(key: "symbol", value: .string(market.id))
        if let id = order.id { return [symbol, .init(key: "orderId", value: .string(id))] }
        guard let clientID = order.clientOrderID else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or a client order id is required")
        }
        return [symbol, .init(key: "origClientOrderId", value: .string(clientID))]
    }

    // MARK: - Looking up

    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let request = signed(.get, "order", try identity(of: order) + order.extra, weight: 2)
        return EndpointCall(request) { [catalog] answer in try MEXCMapping.order(answer, catalog) }
    }

    public func openOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields: ExtraParameters = []
        if query.symbol != nil {
            fields.append(.init(key: "symbol", value: .string(try catalog.required(query.symbol).id)))
        }
        return orders(signed(.get, "openOrders", fields + query.extra, weight: 3), query) { _ in true }
    }

    /// Of at most seven days.
    public func orders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        orders(signed(.get, "allOrders", try window(query), weight: 10), query) { _ in true }
    }

    public func closedOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        orders(signed(.get, "allOrders", try window(query), weight: 10), query) { $0.status == .closed }
    }

    public func cancelledOrders(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        orders(signed(.get, "allOrders", try window(query), weight: 10), query) { $0.status == .cancelled }
    }

    public func cancelledAndClosedOrders(
        _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        orders(signed(.get, "allOrders", try window(query), weight: 10), query) { $0.status?.isFinal ?? false }
    }

    private func orders(
        _ request: EndpointRequest, _ query: HistoryQuery, where isWanted: @escaping @Sendable (ExchangeOrder) -> Bool
    ) -> EndpointCall<[ExchangeOrder]> {
        EndpointCall(request) { [catalog] answer in
            let orders = try answer.list().map { try MEXCMapping.order($0, catalog) }
            return query.selected(orders.filter(isWanted), by: \.createdAt)
        }
    }

    public func ownTrades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        trades(signed(.get, "myTrades", try window(query), weight: 10), query)
    }

    public func trades(
        of order: OrderReference, _ query: HistoryQuery
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        guard let id = order.id else { throw ExchangeFailure(.argumentsRequired, message: "an order id is required") }
        var query = query
        query.symbol = order.symbol ?? query.symbol
        let fields = try window(query) + [JSONValue.Member(key: "orderId", value: .string(id))]
        return trades(signed(.get, "myTrades", fields, weight: 10), query)
    }

    private func trades(_ request: EndpointRequest, _ query: HistoryQuery) -> EndpointCall<[ExchangeTrade]> {
        EndpointCall(request) { [catalog] answer in
            query.selected(try answer.list().map { try MEXCMapping.ownTrade($0, catalog) }, by: \.time)
        }
    }

    private func window(_ query: HistoryQuery) throws(ExchangeFailure) -> ExtraParameters {
        let market = try catalog.required(query.symbol)
        var fields = [JSONValue.Member(key: "symbol", value: .string(market.id))]
        if let since = query.since { fields.append(.init(key: "startTime", value: .number(String(since)))) }
        if let until = query.until { fields.append(.init(key: "endTime", value: .number(String(until)))) }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 1_000)))))
        }
        return fields + query.extra
    }
}
