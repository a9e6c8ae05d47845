import TradingCore

extension BybitDialect {
    /// Fees of an account without discounts: a key's own are ``tradingFees(_:_:)``.
    static let fee: FixedDecimal = "0.001"

    func market(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeMarket {
        let base = try row.requiredText("baseCoin")
        let quote = try row.requiredText("quoteCoin")
        let sizes = row["lotSizeFilter"] ?? .null
        let prices = row["priceFilter"] ?? .null
        let step = try Derived.nonZero(sizes.decimal("basePrecision"))
        let tick = try Derived.nonZero(prices.decimal("tickSize"))
        var limits = OrderLimits()
        limits.minimumAmount = try sizes.decimal("minOrderQty")
        limits.maximumAmount = try sizes.decimal("maxLimitOrderQty", or: "maxOrderQty")
        limits.maximumMarketAmount = try sizes.decimal("maxMarketOrderQty")
        limits.minimumCost = try sizes.decimal("minOrderAmt")
        limits.maximumCost = try sizes.decimal("maxOrderAmt")
        return ExchangeMarket(
            id: try row.requiredText("symbol"), symbol: Symbol(base: asset(base), quote: asset(quote)), baseID: base,
            quoteID: quote, isActive: row.text("status") == "Trading",
            rounding: OrderRounding(
                amount: step.map { .step($0) }, price: tick.map { .tick($0) }),
            limits: limits, makerFee: BybitDialect.fee, takerFee: BybitDialect.fee, numericID: row.text("symbolId"))
    }

    /// - Parameter time: that of the frame; the lists have none for each row.
    func ticker(_ row: JSONValue, _ time: Int64?) throws(UnreadableAnswer) -> ExchangeTicker {
        let market = row.text("symbol").flatMap { catalog.market(id: $0) }
        var ticker = ExchangeTicker(symbol: market?.symbol, time: time)
        ticker.high = try row.decimal("highPrice24h")
        ticker.low = try row.decimal("lowPrice24h")
        ticker.bid = try row.decimal("bid1Price")
        ticker.bidAmount = try row.decimal("bid1Size")
        ticker.ask = try row.decimal("ask1Price")
        ticker.askAmount = try row.decimal("ask1Size")
        ticker.open = try row.decimal("prevPrice24h")
        ticker.last = try row.decimal("lastPrice")
        ticker.baseVolume = try row.decimal("volume24h")
        ticker.quoteVolume = try row.decimal("turnover24h")
        if let fraction = try row.decimal("price24hPcnt") {
            ticker.percentage = try Derived.product(fraction, "100", "price24hPcnt")
        }
        return try ticker.completed(market)
    }

    static func levels(_ row: JSONValue, _ side: String) throws(UnreadableAnswer) -> [PriceLevel] {
        var levels: [PriceLevel] = []
        for level in try row.list(side) {
            let price = try level.requiredDecimal(0)
            let amount = try level.requiredDecimal(1)
            guard price.isPositive, !amount.isNegative else {
                throw UnreadableAnswer(side, expected: "a price level", found: level.compactText)
            }
            if !amount.isZero { levels.append(PriceLevel(price: price, amount: amount)) }
        }
        return levels
    }

    /// `[start, open, high, low, close, volume, turnover]`.
    static func candle(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeCandle {
        guard let time = try row.integer(0) else {
            throw UnreadableAnswer("candle", expected: "a time", found: row.compactText)
        }
        return ExchangeCandle(
            time: time, open: try row.decimal(1), high: try row.decimal(2), low: try row.decimal(3),
            close: try row.decimal(4), volume: try row.decimal(5))
    }

    func marketTrade(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTrade {
        try ExchangeTrade(
            id: row.text("execId"), symbol: symbol(ofMarket: row.text("symbol")),
            side: BybitDialect.side(row.text("side")), price: row.decimal("price"), amount: row.decimal("size"),
            time: row.integer("time")
        ).completed()
    }
}
