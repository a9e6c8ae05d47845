import TradingCore

extension BinanceMapping {
    /// The answers of placing, cancelling and asking, which share their words.
    static func order(_ value: JSONValue, _ catalog: MarketCatalog) throws -> ExchangeOrder {
        guard let id = value.text("orderId") else {
            throw UnreadableAnswer("orderId", expected: "an id", found: value.compactText)
        }
        let status = value.text("status").map { state($0) }
        let filled = try value.decimal("executedQty")
        let told = try value.integer("updateTime") ?? value.integer("transactTime")
        var order = ExchangeOrder(
            id: id,
            // A cancel has an id of its own; the order's stands beside it.
            clientOrderID: value.text("origClientOrderId") ?? value.text("clientOrderId"),
            symbol: symbol(value, catalog), side: try side(value, "side"), type: value.text("type").map { kind($0) },
            timeInForce: value.text("timeInForce").flatMap { TimeInForceTold(rawValue: $0) },
            isPostOnly: value.text("type").map { $0 == "LIMIT_MAKER" }, price: try value.decimal("price"),
            triggerPrice: Derived.nonZero(try value.decimal("stopPrice")), amount: try value.decimal("origQty"),
            filled: filled, cost: try cost(value), status: status, createdAt: try creation(value), updatedAt: told)
        if status == .closed || (status == .open && filled?.isPositive == true) { order.lastTradeAt = told }
        order.trades = try fills(value, order)
        return try order.completed()
    }

    /// Negative where the exchange does not know it any more.
    private static func cost(_ value: JSONValue) throws -> FixedDecimal? {
        let cost = try value.decimal("cummulativeQuoteQty")
        return cost?.isNegative == true ? nil : cost
    }

    private static func creation(_ value: JSONValue) throws -> Int64? {
        if let time = try value.integer("time") { return time }
        // -1: does not work yet.
        if let time = try value.integer("workingTime"), time > 0 { return time }
        return try value.integer("transactTime") ?? value.integer("updateTime")
    }

    /// The fills in the answer of a placement with `newOrderRespType=FULL`.
    private static func fills(_ value: JSONValue, _ order: ExchangeOrder) throws -> [ExchangeTrade] {
        var trades: [ExchangeTrade] = []
        for fill in value["fills"]?.elements ?? [] {
            trades.append(
                ExchangeTrade(
                    id: fill.text("tradeId"), orderID: order.id, clientOrderID: order.clientOrderID,
                    symbol: order.symbol, side: order.side, price: try fill.requiredDecimal("price"),
                    amount: try fill.requiredDecimal("qty"), type: order.type,
                    fees: try fee(fill, "commission", "commissionAsset")))
        }
        return trades
    }

    static func fee(
        _ value: JSONValue, _ cost: String, _ assetKey: String
    ) throws -> [ExchangeFee] {
        guard let cost = try value.decimal(cost) else { return [] }
        return [ExchangeFee(cost: cost, asset: value.text(assetKey).map { asset($0) })]
    }

    /// One of our own, as `myTrades` tells it.
    static func ownTrade(_ value: JSONValue, _ catalog: MarketCatalog) throws -> ExchangeTrade {
        try ExchangeTrade(
            id: value.requiredText("id"), orderID: value.text("orderId"), symbol: symbol(value, catalog),
            side: value.bool("isBuyer").map { $0 ? .buy : .sell }, price: value.requiredDecimal("price"),
            amount: value.requiredDecimal("qty"), cost: value.decimal("quoteQty"),
            liquidity: value.bool("isMaker").map { $0 ? .maker : .taker },
            fees: fee(value, "commission", "commissionAsset"), time: value.integer("time")
        ).completed()
    }

    static func state(_ word: String) -> OrderState {
        switch word {
        case "NEW", "PENDING_NEW", "PARTIALLY_FILLED": .open
        case "FILLED": .closed
        case "CANCELED": .cancelled
        case "PENDING_CANCEL": .cancelling
        case "REJECTED": .rejected
        case "EXPIRED", "EXPIRED_IN_MATCH": .expired
        default: .other(word)
        }
    }

    /// What a conditional order becomes once triggered counts.
    static func kind(_ word: String) -> OrderKind {
        switch word {
        case "LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT": .limit
        case "MARKET", "STOP_LOSS", "TAKE_PROFIT": .market
        default: .other(word.lowercased())
        }
    }
}
