import TradingCore

/// Orders in OKX's words.
/// Source: www.okx.com/docs-v5, "Place order".
extension OKXDialect {
    func checkBatch(_ count: Int, _ most: Int) throws(ExchangeFailure) {
        guard (1...most).contains(count) else {
            throw ExchangeFailure(.badRequest, message: "1 to \(most) orders in a call, not \(count)")
        }
    }

    func put(_ order: OrderReference, into fields: inout RequestFields) throws(ExchangeFailure) {
        if let id = order.id {
            fields.put("ordId", id)
        } else if let clientOrderID = order.clientOrderID {
            fields.put("clOrdId", clientOrderID)
        } else {
            throw ExchangeFailure(.argumentsRequired, message: "an order id or a client order id is required")
        }
    }

    func placementFields(_ order: OrderPlacement) throws(ExchangeFailure) -> RequestFields {
        let market = try catalog.required(order.symbol)
        guard order.triggerPrice == nil else {
            throw ExchangeFailure(.notSupported, message: "conditional orders are not placed on OKX")
        }
        var fields = RequestFields([
            "instId": market.id, "side": order.side == .buy ? "buy" : "sell", "ordType": try OKXDialect.word(order),
        ])
        if order.kind == .market, let cost = order.cost {
            // What a sale has to bring is not bound to the tick, but counted as finely as what is sold.
            fields.put("sz", try order.side == .buy ? market.rounded(cost: cost) : market.rounded(amount: cost))
        } else if let amount = order.amount {
            fields.put("sz", try market.rounded(amount: amount))
        } else {
            throw ExchangeFailure(.argumentsRequired, message: "an order needs an amount")
        }
        fields.put("tdMode", "cash")
        fields.put("tgtCcy", order.kind == .market && order.cost != nil ? "quote_ccy" : "base_ccy")
        if order.kind == .limit {
            guard let price = order.price else {
                throw ExchangeFailure(.argumentsRequired, message: "a limit order needs a price")
            }
            fields.put("px", try market.rounded(price: price))
        }
        fields.put("clOrdId", order.clientOrderID)
        if let mode = order.selfTradePrevention { fields.put("stpMode", try OKXDialect.word(mode)) }
        fields.put(order.extra)
        return fields
    }

    private static func word(_ order: OrderPlacement) throws(ExchangeFailure) -> String {
        if order.kind == .market {
            guard !order.isPostOnly else {
                throw ExchangeFailure(.invalidOrder, message: "a market order cannot be post-only")
            }
            return "market"
        }
        if order.isPostOnly { return "post_only" }
        return switch order.timeInForce {
        case .immediateOrCancel: "ioc"
        case .fillOrKill: "fok"
        case .goodTillCancelled, nil: "limit"
        }
    }

    private static func word(_ mode: SelfTradePrevention) throws(ExchangeFailure) -> String {
        switch mode {
        case .expireMaker: "cancel_maker"
        case .expireTaker: "cancel_taker"
        case .expireBoth: "cancel_both"
        case .none, .decrement:
            throw ExchangeFailure(.notSupported, message: "OKX has no self-trade prevention \(mode)")
        }
    }
}
