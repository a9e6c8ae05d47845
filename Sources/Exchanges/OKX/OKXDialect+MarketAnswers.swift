import TradingCore

extension OKXDialect {
    /// Fees of an account without discounts: a key's own are ``tradingFees(_:_:)``.
    static let makerFee: FixedDecimal = "0.001"
    static let takerFee: FixedDecimal = "0.0015"

    func market(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeMarket {
        let base = try row.requiredText("baseCcy")
        let quote = try row.requiredText("quoteCcy")
        var limits = OrderLimits()
        limits.minimumAmount = try row.decimal("minSz")
        // In US dollars, which is near enough to the quote of the pairs that have such bounds.
        limits.maximumCost = try row.decimal("maxMktSz")
        let lot = try Derived.nonZero(row.decimal("lotSz"))
        let tick = try Derived.nonZero(row.decimal("tickSz"))
        return ExchangeMarket(
            id: try row.requiredText("instId"), symbol: Symbol(base: asset(base), quote: asset(quote)), baseID: base,
            quoteID: quote, isActive: row.text("state") == "live",
            rounding: OrderRounding(amount: lot.map { .step($0) }, price: tick.map { .tick($0) }), limits: limits,
            makerFee: OKXDialect.makerFee, takerFee: OKXDialect.takerFee, numericID: row.text("instIdCode"))
    }

    func ticker(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTicker {
        let instrument = row.text("instId")
        var ticker = ExchangeTicker(symbol: symbol(ofInstrument: instrument), time: try row.integer("ts"))
        ticker.high = try row.decimal("high24h")
        ticker.low = try row.decimal("low24h")
        ticker.bid = try row.decimal("bidPx")
        ticker.bidAmount = try row.decimal("bidSz")
        ticker.ask = try row.decimal("askPx")
        ticker.askAmount = try row.decimal("askSz")
        ticker.open = try row.decimal("open24h")
        ticker.last = try row.decimal("last")
        ticker.baseVolume = try row.decimal("vol24h")
        ticker.quoteVolume = try row.decimal("volCcy24h")
        return try ticker.completed(instrument.flatMap { catalog.market(id: $0) })
    }

    func book(_ row: JSONValue, _ symbol: Symbol) throws(UnreadableAnswer) -> ExchangeBook {
        ExchangeBook(
            symbol: symbol, bids: try OKXDialect.levels(row, "bids"), asks: try OKXDialect.levels(row, "asks"),
            time: try row.integer("ts"), sequence: try row.integer("seqId"))
    }

    private static func levels(_ row: JSONValue, _ side: String) throws(UnreadableAnswer) -> [PriceLevel] {
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

    /// `[time, open, high, low, close, volume, volume in quote, the same, whether it is complete]`.
    static func candle(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeCandle {
        guard let time = try row.integer(0) else {
            throw UnreadableAnswer("candle", expected: "a time", found: row.compactText)
        }
        return ExchangeCandle(
            time: time, open: try row.decimal(1), high: try row.decimal(2), low: try row.decimal(3),
            close: try row.decimal(4), volume: try row.decimal(5))
    }

    /// Of the market, or by its other fields one of ours.
    func marketTrade(_ row: JSONValue) throws(UnreadableAnswer) -> ExchangeTrade {
        try ExchangeTrade(
            id: row.text("tradeId"), symbol: symbol(ofInstrument: row.text("instId")), side: OKXDialect.side(row),
            price: row.decimal("px"), amount: row.decimal("sz"), time: row.integer("ts")
        ).completed()
    }
}
