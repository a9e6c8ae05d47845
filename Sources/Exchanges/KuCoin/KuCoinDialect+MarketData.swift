public import TradingCore

extension KuCoinDialect {
    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        var fields = ParameterList()
        fields.add("symbol", try catalog.required(symbol).id)
        return call(publicRequest("market/stats", fields.with(extra), weight: 15)) { data in
            try ticker(data, symbol, time: try KuCoinDialect.milliseconds(data, "time"))
        }
    }

    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        let wanted = symbols.map { Set($0) }
        return call(publicRequest("market/allTickers", extra, weight: 15)) { data in
            let time = try KuCoinDialect.milliseconds(data, "time")
            return try data.list("ticker").compactMap { row in
                let symbol = symbol(row.text("symbol"))
                if let wanted, symbol.map({ !wanted.contains($0) }) ?? true { return nil }
                return try ticker(row, symbol, time: time)
            }
        }
    }

    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { try tickers(symbols, extra) }

    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { try tickers(symbols, extra) }

    /// A ticker of REST, or of `/market/snapshot`.
    func ticker(_ row: JSONValue, _ symbol: Symbol?, time: Int64?) throws -> ExchangeTicker {
        var ticker = ExchangeTicker(symbol: symbol, time: time)
        ticker.high = try row.decimal("high")
        ticker.low = try row.decimal("low")
        ticker.bid = try row.decimal("buy")
        ticker.bidAmount = try row.decimal("bestBidSize")
        ticker.ask = try row.decimal("sell")
        ticker.askAmount = try row.decimal("bestAskSize")
        ticker.open = try row.decimal("open")
        ticker.last = try row.decimal("last") ?? row.decimal("lastTradedPrice")
        ticker.change = try row.decimal("changePrice")
        ticker.percentage = try row.decimal("changeRate").map { try Derived.product($0, "100", "changeRate") }
        ticker.average = try row.decimal("averagePrice")
        ticker.baseVolume = try row.decimal("vol")
        ticker.quoteVolume = try row.decimal("volValue")
        return try ticker.completed(symbol.flatMap { catalog.market($0) })
    }

    /// - Parameter limit: 20 or 100; nil for the whole book, which needs a key.
    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        var fields = ParameterList()
        fields.add("symbol", try catalog.required(symbol).id)
        let request: EndpointRequest
        switch limit {
        case nil: request = privateRequest(.get, "market/orderbook/level2", fields.with(extra), weight: 3)
        case .some(...20): request = publicRequest("market/orderbook/level2_20", fields.with(extra), weight: 2)
        case .some(...100): request = publicRequest("market/orderbook/level2_100", fields.with(extra), weight: 4)
        case .some(let limit):
            throw ExchangeFailure(.badRequest, message: "KuCoin's books have 20, 100 or all levels, not \(limit)")
        }
        return call(request) { data in
            ExchangeBook(
                symbol: symbol, bids: try KuCoinDialect.levels(data, "bids"),
                asks: try KuCoinDialect.levels(data, "asks"), time: try KuCoinDialect.milliseconds(data, "time"),
                sequence: try data.integer("sequence"))
        }
    }

    private static func levels(_ row: JSONValue, _ key: String) throws -> [PriceLevel] {
        // An empty side may be null.
        if row[key]?.isNull == true { return [] }
        return try row.list(key).map { level in
            let (price, amount) = (try level.requiredDecimal(0), try level.requiredDecimal(1))
            guard price.isPositive, !amount.isNegative else {
                throw UnreadableAnswer(key, expected: "a price above zero", found: level.compactText)
            }
            return PriceLevel(price: price, amount: amount)
        }
    }

    /// Rows of `[seconds, open, close, high, low, base volume, quote volume]`, the newest first; at most 1500.
    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        guard let name = KuCoinDialect.intervals[interval] else {
            throw unsupported("candles of \(interval.rawValue)")
        }
        var fields = ParameterList()
        fields.add("symbol", try catalog.required(query.symbol).id)
        fields.add("type", name)
        let count = min(max(query.limit ?? 1_500, 1), 1_500)
        let until = query.until.map { $0 / 1_000 }
        if let since = query.since {
            let end = since / 1_000 &+ Int64(count) &* (interval.milliseconds / 1_000)
            fields.add("startAt", number: since / 1_000)
            fields.add("endAt", number: min(end, until ?? end))
        } else {
            if query.limit != nil, let until {
                fields.add("startAt", number: max(until &- Int64(count) &* (interval.milliseconds / 1_000), 0))
            }
            fields.add("endAt", number: until)
        }
        return call(publicRequest("market/candles", fields.with(query.extra), weight: 3)) { data in
            query.kept(try KuCoinDialect.rows(data).map { try KuCoinDialect.candle($0) })
        }
    }

    static func candle(_ row: JSONValue) throws -> ExchangeCandle {
        guard let seconds = try row.integer(0), (0...100_000_000_000).contains(seconds) else {
            throw UnreadableAnswer("candle", expected: "a time in seconds", found: row.compactText)
        }
        return ExchangeCandle(
            time: seconds * 1_000, open: try row.decimal(1), high: try row.decimal(3), low: try row.decimal(4),
            close: try row.decimal(2), volume: try row.decimal(5), quoteVolume: try row.decimal(6))
    }

    static let intervals: [CandleInterval: String] = [
        .oneMinute: "1min", .threeMinutes: "3min", .fiveMinutes: "5min", .fifteenMinutes: "15min",
        .thirtyMinutes: "30min", .oneHour: "1hour", .twoHours: "2hour", .fourHours: "4hour", .sixHours: "6hour",
        .eightHours: "8hour", .twelveHours: "12hour", .oneDay: "1day", .oneWeek: "1week", .oneMonth: "1month",
    ]

    /// The last hundred; KuCoin has no window here.
    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(query.symbol)
        var fields = ParameterList()
        fields.add("symbol", market.id)
        return call(publicRequest("market/histories", fields.with(query.extra), weight: 3)) { data in
            query.kept(try KuCoinDialect.rows(data).map { try trade($0, market.symbol) })
        }
    }

    /// A trade of the market; the side is the taker's.
    func trade(_ row: JSONValue, _ symbol: Symbol?) throws -> ExchangeTrade {
        try ExchangeTrade(
            id: row.text("tradeId"), symbol: self.symbol(row.text("symbol")) ?? symbol,
            side: KuCoinDialect.side(row.text("side")), price: try row.requiredDecimal("price"),
            amount: try row.requiredDecimal("size"), time: try KuCoinDialect.milliseconds(row, "time")
        ).completed()
    }
}
