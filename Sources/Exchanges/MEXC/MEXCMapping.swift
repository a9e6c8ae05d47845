import TradingCore

/// The exchange's JSON objects as our types.
///
/// Source: the documentation's pages of each call.
enum MEXCMapping {
    static let intervals: [CandleInterval: String] = [
        .oneMinute: "1m", .fiveMinutes: "5m", .fifteenMinutes: "15m", .thirtyMinutes: "30m", .oneHour: "60m",
        .fourHours: "4h", .eightHours: "8h", .oneDay: "1d", .oneWeek: "1W", .oneMonth: "1M",
    ]

    /// `priceChangePercent` is a fraction here.
    static func ticker(_ row: JSONValue, _ market: ExchangeMarket) throws(UnreadableAnswer) -> ExchangeTicker {
        guard row.text("symbol") == market.id else {
            throw UnreadableAnswer("symbol", expected: market.id, found: row["symbol"]?.compactText ?? "nothing")
        }
        var ticker = ExchangeTicker(symbol: market.symbol, time: try row.integer("closeTime"))
        ticker.high = try row.decimal("highPrice")
        ticker.low = try row.decimal("lowPrice")
        ticker.bid = try row.decimal("bidPrice")
        ticker.bidAmount = Derived.nonZero(try row.decimal("bidQty"))
        ticker.ask = try row.decimal("askPrice")
        ticker.askAmount = Derived.nonZero(try row.decimal("askQty"))
        ticker.open = try row.decimal("openPrice")
        ticker.last = try row.decimal(row["lastPrice"] == nil ? "price" : "lastPrice")
        ticker.previousClose = try row.decimal("prevClosePrice")
        ticker.change = try row.decimal("priceChange")
        if let fraction = try row.decimal("priceChangePercent") {
            ticker.percentage = try Derived.product(fraction, "100", "priceChangePercent")
        }
        ticker.baseVolume = try row.decimal("volume")
        ticker.quoteVolume = try row.decimal("quoteVolume")
        return try ticker.completed(market)
    }

    static func book(_ answer: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> ExchangeBook {
        guard let sequence = try answer.integer("lastUpdateId") else {
            throw UnreadableAnswer("lastUpdateId", expected: "a number", found: answer.compactText)
        }
        return ExchangeBook(
            symbol: symbol, bids: try levels(answer.list("bids")), asks: try levels(answer.list("asks")),
            time: try answer.integer("timestamp"), sequence: sequence)
    }

    private static func levels(_ rows: [JSONValue]) throws(UnreadableAnswer) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        for row in rows {
            let level = PriceLevel(price: try row.requiredDecimal(0), amount: try row.requiredDecimal(1))
            guard level.price.isPositive, !level.amount.isNegative else {
                throw UnreadableAnswer("level", expected: "a price and an amount", found: row.compactText)
            }
            levels.append(level)
        }
        return levels
    }

    /// `[start, open, high, low, close, volume, end, quote volume]`.
    static func candle(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeCandle {
        guard let time = try row.integer(0) else {
            throw UnreadableAnswer("candle", expected: "a time", found: row.compactText)
        }
        return ExchangeCandle(
            time: time, open: try row.decimal(1), high: try row.decimal(2), low: try row.decimal(3),
            close: try row.decimal(4), volume: try row.decimal(5))
    }

    /// A trade of the market, in the short names of `aggTrades` or the long ones of `trades`.
    static func trade(_ row: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> ExchangeTrade {
        let isShort = row["p"] != nil
        let buyerIsMaker = row.bool(isShort ? "m" : "isBuyerMaker")
        return try ExchangeTrade(
            id: row.text(isShort ? "a" : "id"), symbol: symbol, side: buyerIsMaker.map { $0 ? .sell : .buy },
            price: row.requiredDecimal(isShort ? "p" : "price"), amount: row.requiredDecimal(isShort ? "q" : "qty"),
            cost: isShort ? nil : row.decimal("quoteQty"), time: row.integer(isShort ? "T" : "time")
        ).completed()
    }

    // MARK: - Orders

    /// An order of any call; an answer to a placement has neither status nor amounts filled.
    static func order(_ row: JSONValue, _ catalog: MarketCatalog) throws(UnreadableAnswer) -> ExchangeOrder {
        let type = row.text("type")
        var order = ExchangeOrder(
            id: row.text("orderId"),
            clientOrderID: row.text("clientOrderId") ?? row.text("origClientOrderId") ?? row.text("newClientOrderId"),
            symbol: row.text("symbol").flatMap { catalog.market(id: $0)?.symbol }, side: side(row.text("side")),
            price: try row.decimal("price"), triggerPrice: Derived.nonZero(try row.decimal("stopPrice")),
            amount: try row.decimal("origQty"), filled: try row.decimal("executedQty"),
            cost: try row.decimal("cummulativeQuoteQty"), status: state(row.text("status")),
            createdAt: try row.integer(row["time"] == nil ? "transactTime" : "time"),
            updatedAt: try row.integer("updateTime"))
        guard order.id != nil || order.clientOrderID != nil else {
            throw UnreadableAnswer("orderId", expected: "an id", found: row.compactText)
        }
        (order.type, order.timeInForce) = kind(type)
        if let told = order.timeInForce { order.isPostOnly = told == .postOnly }
        return try order.completed()
    }

    static func side(_ text: String?) -> Side? {
        switch text {
        case "BUY": .buy
        case "SELL": .sell
        default: nil
        }
    }

    /// How long an order lives is part of its type.
    private static func kind(_ type: String?) -> (OrderKind?, TimeInForceTold?) {
        switch type {
        case nil: (nil, nil)
        case "LIMIT": (.limit, .goodTillCancelled)
        case "LIMIT_MAKER": (.limit, .postOnly)
        case "IMMEDIATE_OR_CANCEL": (.limit, .immediateOrCancel)
        case "FILL_OR_KILL": (.limit, .fillOrKill)
        case "MARKET": (.market, nil)
        case let other?: (.other(other.lowercased()), nil)
        }
    }

    static func state(_ text: String?) -> OrderState? {
        switch text {
        case nil: nil
        case "NEW", "PARTIALLY_FILLED": .open
        case "FILLED": .closed
        case "CANCELED", "PARTIALLY_CANCELED": .cancelled
        case "REJECTED": .rejected
        case "EXPIRED": .expired
        case let other?: .other(other)
        }
    }

    /// A trade of ours.
    static func ownTrade(_ row: JSONValue, _ catalog: MarketCatalog) throws(UnreadableAnswer) -> ExchangeTrade {
        var fees: [ExchangeFee] = []
        if let commission = try row.decimal("commission") {
            fees = [ExchangeFee(cost: commission, asset: row.text("commissionAsset").map(MEXCDialect.asset))]
        }
        return try ExchangeTrade(
            id: row.requiredText("id"), orderID: row.text("orderId"), clientOrderID: row.text("clientOrderId"),
            symbol: row.text("symbol").flatMap { catalog.market(id: $0)?.symbol },
            side: row.bool("isBuyer").map { $0 ? .buy : .sell }, price: row.requiredDecimal("price"),
            amount: row.requiredDecimal("qty"), cost: row.decimal("quoteQty"),
            liquidity: row.bool("isMaker").map { $0 ? .maker : .taker }, fees: fees, time: row.integer("time")
        ).completed()
    }
}
