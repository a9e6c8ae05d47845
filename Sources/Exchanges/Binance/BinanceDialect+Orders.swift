public import TradingCore

/// Orders. Source: "Trading endpoints" of the REST API.
extension BinanceDialect {
    /// Orders count against the order limits, whatever becomes of them, until they fill.
    private var placementCosts: [RateCost] {
        [RateCost(Limit.weight, 1), RateCost(Limit.orders, 1), RateCost(Limit.ordersOfDay, 1)]
    }

    public func place(_ order: OrderPlacement) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let request = privateRequest(.post, "order", try fields(order), order.extra, costs: placementCosts)
        return EndpointCall(request) { [catalog] answer in try BinanceMapping.order(answer, catalog) }
    }

    private func fields(_ order: OrderPlacement) throws(ExchangeFailure) -> [JSONValue.Member] {
        let market = try catalog.required(order.symbol)
        var fields = [
            BinanceField.text("symbol", market.id), BinanceField.text("side", order.side == .buy ? "BUY" : "SELL"),
        ]
        fields += BinanceField.optional("newClientOrderId", order.clientOrderID)
        fields.append(BinanceField.text("newOrderRespType", "FULL"))
        fields.append(BinanceField.text("type", type(of: order)))
        if order.kind == .market, let cost = order.cost {
            fields.append(BinanceField.decimal("quoteOrderQty", try market.rounded(cost: cost)))
        } else {
            guard let amount = order.amount else {
                throw ExchangeFailure(.argumentsRequired, message: "an order needs an amount")
            }
            fields.append(BinanceField.decimal("quantity", try market.rounded(amount: amount)))
        }
        if order.kind == .limit {
            guard let price = order.price else {
                throw ExchangeFailure(.argumentsRequired, message: "a limit order needs a price")
            }
            fields.append(BinanceField.decimal("price", try market.rounded(price: price)))
            // Post-only orders are a type of their own, which takes no time in force.
            if !order.isPostOnly { fields.append(BinanceField.text("timeInForce", timeInForce(of: order))) }
        }
        if let prevention = order.selfTradePrevention {
            fields.append(BinanceField.text("selfTradePreventionMode", word(for: prevention)))
        }
        if let trigger = order.triggerPrice {
            fields.append(BinanceField.decimal("stopPrice", try market.rounded(price: trigger)))
        }
        return fields
    }

    private func type(of order: OrderPlacement) -> String {
        switch (order.kind, order.triggerPrice == nil) {
        case (.limit, true): order.isPostOnly ? "LIMIT_MAKER" : "LIMIT"
        case (.limit, false): "STOP_LOSS_LIMIT"
        case (.market, true): "MARKET"
        case (.market, false): "STOP_LOSS"
        }
    }

    private func timeInForce(of order: OrderPlacement) -> String {
        switch order.timeInForce {
        case nil, .goodTillCancelled: "GTC"
        case .immediateOrCancel: "IOC"
        case .fillOrKill: "FOK"
        }
    }

    private func word(for prevention: SelfTradePrevention) -> String {
        switch prevention {
        case .none: "NONE"
        case .expireTaker: "EXPIRE_TAKER"
        case .expireMaker: "EXPIRE_MAKER"
        case .expireBoth: "EXPIRE_BOTH"
        case .decrement: "DECREMENT"
        }
    }

    /// Cancels, and places only when that went well: never two orders. The new one has an id of its own.
    public func edit(
        _ order: OrderReference, to placement: OrderPlacement
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        var fields = try fields(placement)
        fields.append(BinanceField.text("cancelReplaceMode", "STOP_ON_FAILURE"))
        if let id = order.id {
            fields.append(BinanceField.text("cancelOrderId", id))
        } else if let clientID = order.clientOrderID {
            fields.append(BinanceField.text("cancelOrigClientOrderId", clientID))
        } else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or client order id is required")
        }
        let request = privateRequest(
            .post, "order/cancelReplace", fields, placement.extra + order.extra, costs: placementCosts)
        return EndpointCall(request) { [catalog] answer in
            guard let new = answer["newOrderResponse"] else {
                throw UnreadableAnswer("newOrderResponse", expected: "an order", found: answer.compactText)
            }
            return try BinanceMapping.order(new, catalog)
        }
    }

    private func identity(_ order: OrderReference) throws(ExchangeFailure) -> [JSONValue.Member] {
        let market = try catalog.required(order.symbol)
        let symbol = BinanceField.text("symbol", market.id)
        if let id = order.id { return [symbol, BinanceField.text("orderId", id)] }
        if let clientID = order.clientOrderID { return [symbol, BinanceField.text("origClientOrderId", clientID)] }
        throw ExchangeFailure(.argumentsRequired, message: "an order id or client order id is required")
    }

    public func cancel(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let request = privateRequest(.delete, "order", try identity(order), order.extra, costs: weight(1))
        return EndpointCall(request) { [catalog] answer in try BinanceMapping.order(answer, catalog) }
    }

    /// Of one market. The members of an order list come as orders of their own. Where nothing is open the answer is
    /// `orderNotFound`.
    public func cancelAll(
        _ symbol: Symbol?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeOrder]> {
        let market = try catalog.required(symbol)
        let request = privateRequest(
            .delete, "openOrders", [BinanceField.text("symbol", market.id)], extra, costs: weight(1))
        return EndpointCall(request) { [catalog] answer in
            try answer.list().flatMap { $0["orderReports"]?.elements ?? [$0] }.map {
                try BinanceMapping.order($0, catalog)
            }
        }
    }

    public func order(_ order: OrderReference) throws(ExchangeFailure) -> EndpointCall<ExchangeOrder> {
        let request = privateRequest(.get, "order", try identity(order), order.extra, costs: weight(4))
        return EndpointCall(request) { [catalog] answer in try BinanceMapping.order(answer, catalog) }
    }
}
