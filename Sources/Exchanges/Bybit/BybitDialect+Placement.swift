import TradingCore

/// Orders in Bybit's words.
/// Source: bybit-exchange.github.io/docs/v5/order/create-order.
extension BybitDialect {
    func checkBatch(_ count: Int, _ most: Int) throws(ExchangeFailure) {
        guard (1...most).contains(count) else {
            throw ExchangeFailure(.badRequest, message: "1 to \(most) orders in a call, not \(count)")
        }
    }

    func batch(_ list: [JSONValue]) -> RequestFields {
        var fields = RequestFields(["category": BybitDialect.category])
        fields.put("request", .array(list))
        return fields
    }

    func put(_ order: OrderReference, into fields: inout RequestFields) throws(ExchangeFailure) {
        if let id = order.id {
            fields.put("orderId", id)
        } else if let clientOrderID = order.clientOrderID {
            fields.put("orderLinkId", clientOrderID)
        } else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or a client order id is required")
        }
    }

    func placementFields(_ order: OrderPlacement) throws(ExchangeFailure) -> RequestFields {
        let market = try catalog.required(order.symbol)
        var fields = RequestFields([
            "symbol": market.id, "side": BybitDialect.word(order.side),
            "orderType": order.kind == .market ? "Market" : "Limit",
        ])
        try putQuantity(order, market, &fields)
        if order.kind == .limit {
            guard let price = order.price else {
                throw ExchangeFailure(.argumentsRequired, message: "a limit order needs a price")
            }
            fields.put("price", try market.rounded(price: price))
        } else if order.isPostOnly {
            throw ExchangeFailure(.invalidOrder, message: "a market order cannot be post-only")
        }
        fields.put("timeInForce", BybitDialect.timeInForceWord(order))
        if let price = order.triggerPrice {
            fields.put("triggerPrice", try market.rounded(price: price))
            fields.put("orderFilter", "StopOrder")
        }
        fields.put("orderLinkId", order.clientOrderID)
        if let mode = order.selfTradePrevention { fields.put("smpType", try BybitDialect.word(mode)) }
        fields.put(order.extra)
        return fields
    }

    /// A market order to buy is taken by its cost unless it says otherwise, one to sell by its amount.
    private func putQuantity(
        _ order: OrderPlacement, _ market: ExchangeMarket, _ fields: inout RequestFields
    ) throws(ExchangeFailure) {
        if order.kind == .market, let cost = order.cost {
            if order.side == .sell { fields.put("marketUnit", "quoteCoin") }
            fields.put("qty", try market.rounded(cost: cost))
        } else if let amount = order.amount {
            if order.kind == .market { fields.put("marketUnit", "baseCoin") }
            fields.put("qty", try market.rounded(amount: amount))
        } else {
            throw ExchangeFailure(.argumentsRequired, message: "an order needs an amount")
        }
    }

    /// Nil: until cancelled, as Bybit takes an order that says nothing.
    private static func timeInForceWord(_ order: OrderPlacement) -> String? {
        if order.isPostOnly { return "PostOnly" }
        return switch order.timeInForce {
        case .immediateOrCancel: "IOC"
        case .fillOrKill: "FOK"
        case .goodTillCancelled: "GTC"
        case nil: nil
        }
    }

    private static func word(_ mode: SelfTradePrevention) throws(ExchangeFailure) -> String {
        switch mode {
        case .none: "None"
        case .expireMaker: "CancelMaker"
        case .expireTaker: "CancelTaker"
        case .expireBoth: "CancelBoth"
        case .decrement: throw ExchangeFailure(.notSupported, message: "Bybit does not decrement own orders that meet")
        }
    }
}
