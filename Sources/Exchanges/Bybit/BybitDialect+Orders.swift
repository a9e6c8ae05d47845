public import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/order. An answer says that a request was accepted; what came of it is told by
/// the order itself.
extension BybitDialect {
    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        var fields = RequestFields(["category": BybitDialect.category])
        fields.put(try placementFields(order).members)
        return tell("v5/order/create", fields) { answer in BybitDialect.acknowledged(answer.result, order.symbol) }
    }

    /// - Parameter orders: at most 10.
    public func place(_ orders: [OrderPlacement]) throws(ExchangeFailure) -> EndpointCall<[PlacementAnswer]> {
        try checkBatch(orders.count, abilities.placeBatch)
        var list: [JSONValue] = []
        for order in orders { list.append(try placementFields(order).object) }
        return tell("v5/order/create-batch", batch(list), count: list.count) { answer in
            let refusals = try BybitDialect.refusals(answer, orders.count)
            let rows = try answer.rows()
            guard rows.count == orders.count else {
                throw UnreadableAnswer("list", expected: "\(orders.count) rows", found: "\(rows.count)")
            }
            return zip(zip(orders, rows), refusals).map { order, refusal in
                refusal.map { .refused($0) } ?? .order(BybitDialect.acknowledged(order.1, order.0.symbol))
            }
        }
    }

    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(order.symbol ?? placement.symbol)
        var fields = RequestFields(["category": BybitDialect.category, "symbol": market.id])
        try put(order, into: &fields)
        if let amount = placement.amount { fields.put("qty", try market.rounded(amount: amount)) }
        if let price = placement.price { fields.put("price", try market.rounded(price: price)) }
        if let price = placement.triggerPrice { fields.put("triggerPrice", try market.rounded(price: price)) }
        fields.put(order.extra)
        fields.put(placement.extra)
        return tell("v5/order/amend", fields) { answer in BybitDialect.acknowledged(answer.result) }
    }

    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let market = try catalog.required(order.symbol)
        var fields = RequestFields([
            "category": BybitDialect.category, "symbol": market.id, "orderFilter": "Order",
        ])
        try put(order, into: &fields)
        fields.put(order.extra)
        return tell("v5/order/cancel", fields) { answer in BybitDialect.acknowledged(answer.result, market.symbol) }
    }

    /// - Parameter orders: at most 10. One that was refused says so in its ``ExchangeOrder/reason``.
    public func cancel(
        _ orders: [OrderReference], _ symbol: Symbol?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        try checkBatch(orders.count, abilities.cancelBatch)
        var list: [JSONValue] = []
        for order in orders {
            var fields = RequestFields(["symbol": try catalog.required(order.symbol ?? symbol).id])
            try put(order, into: &fields)
            fields.put(order.extra)
            list.append(fields.object)
        }
        return tell("v5/order/cancel-batch", batch(list), count: list.count) { answer in
            let refusals = try BybitDialect.refusals(answer, orders.count)
            let rows = try answer.rows()
            return zip(rows, refusals).map { row, refusal in
                var order = BybitDialect.acknowledged(row, self.symbol(ofMarket: row.text("symbol")))
                order.reason = refusal.map { "\($0.code ?? "") \($0.message)" }
                return order
            }
        }
    }

    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        var fields = RequestFields(["category": BybitDialect.category])
        if let symbol { fields.put("symbol", try catalog.required(symbol).id) }
        fields.put(extra)
        return tell("v5/order/cancel-all", fields) { answer in
            // Some answers tell no list, only that it was done.
            if answer.result["list"] == nil, answer.result.text("success") == "1" { return [] }
            return try answer.rows().map { BybitDialect.acknowledged($0, symbol) }
        }
    }

    /// Sets how long a private connection may be gone before all spot orders are cancelled; see
    /// ``protectsDisconnection``. It cannot be switched off.
    /// - Parameter milliseconds: 3 to 300 seconds.
    public func cancelAllAfter(
        _ milliseconds: Int64, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<Int64?> {
        let seconds = milliseconds / 1_000
        guard (3...300).contains(seconds) else {
            throw ExchangeFailure(.badRequest, message: "\(milliseconds) ms is not 3 to 300 seconds")
        }
        var fields = RequestFields(["product": "SPOT"])
        fields.put("timeWindow", number: seconds)
        fields.put(extra)
        let costs = BybitLimits.costs("v5/order/disconnected-cancel-all")
        let request = EndpointRequest(
            .post, ["private"], "v5/order/disconnected-cancel-all", fields.members, costs: costs)
        // This answer has no result.
        return EndpointCall(request) { _ in nil }
    }

    private static func acknowledged(_ row: JSONValue, _ symbol: Symbol? = nil) -> ExchangeOrder {
        ExchangeOrder(id: row.text("orderId"), clientOrderID: row.text("orderLinkId"), symbol: symbol)
    }
}
