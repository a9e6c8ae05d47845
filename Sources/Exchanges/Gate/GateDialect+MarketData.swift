public import TradingCore

extension GateDialect {
    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        var fields = ParameterList()
        fields.add("currency_pair", try catalog.required(symbol).id)
        return EndpointCall(marketRequest("tickers", fields.with(extra))) { answer in
            guard let row = answer[0] else {
                throw UnreadableAnswer("tickers", expected: "one ticker", found: answer.compactText)
            }
            return try ticker(row)
        }
    }

    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        var fields = ParameterList()
        // The day begins at midnight UTC, not in Gate's own time zone.
        fields.add("timezone", "utc0")
        let wanted = symbols.map { Set($0) }
        return EndpointCall(marketRequest("tickers", fields.with(extra))) { answer in
            try answer.list(named: "tickers").map { try ticker($0) }.filter { ticker in
                wanted.map { set in ticker.symbol.map(set.contains) ?? false } ?? true
            }
        }
    }

    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { try tickers(symbols, extra) }

    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> { try tickers(symbols, extra) }

    /// Gate says no time with it.
    func ticker(_ row: JSONValue) throws -> ExchangeTicker {
        let pair = try row.requiredText("currency_pair")
        var ticker = ExchangeTicker(symbol: symbol(pair))
        ticker.high = try row.decimal("high_24h")
        ticker.low = try row.decimal("low_24h")
        ticker.bid = try row.decimal("highest_bid")
        ticker.bidAmount = try row.decimal("highest_size")
        ticker.ask = try row.decimal("lowest_ask")
        ticker.askAmount = try row.decimal("lowest_size")
        ticker.last = try row.decimal("last")
        ticker.percentage = try row.decimal("change_percentage")
        ticker.baseVolume = try row.decimal("base_volume")
        ticker.quoteVolume = try row.decimal("quote_volume")
        return try ticker.completed(catalog.market(id: pair))
    }

    /// - Parameter limit: at most 1000; Gate's own default is 10.
    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        var fields = ParameterList()
        fields.add("currency_pair", try catalog.required(symbol).id)
        fields.add("limit", number: limit.map { min(max($0, 1), 1_000) })
        fields.add("with_id", flag: true)
        return EndpointCall(marketRequest("order_book", fields.with(extra))) { answer in
            ExchangeBook(
                symbol: symbol, bids: try GateDialect.levels(answer, "bids"),
                asks: try GateDialect.levels(answer, "asks"), time: try answer.integer("current"),
                sequence: try answer.integer("id"))
        }
    }

    static func levels(_ row: JSONValue, _ key: String) throws -> [PriceLevel] {
        try row.list(key).map { level in
            let (price, amount) = (try level.requiredDecimal(0), try level.requiredDecimal(1))
            guard price.isPositive, !amount.isNegative else {
                throw UnreadableAnswer(key, expected: "a price above zero", found: level.compactText)
            }
            return PriceLevel(price: price, amount: amount)
        }
    }

    /// Rows of `[seconds, quote volume, close, high, low, open, base volume, closed]`.
    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        guard let name = GateDialect.intervals[interval] else { throw unsupported("candles of \(interval.rawValue)") }
        var fields = ParameterList()
        fields.add("currency_pair", try catalog.required(query.symbol).id)
        fields.add("interval", name)
        let count = min(max(query.limit ?? 1_000, 1), 1_000)
        let until = GateDialect.seconds(query.until)
        if let since = GateDialect.seconds(query.since) {
            // `limit` may not stand beside `from` and `to`.
            let end = since &+ Int64(count - 1) &* (interval.milliseconds / 1_000)
            fields.add("from", number: since)
            fields.add("to", number: min(end, until ?? end))
        } else {
            fields.add("to", number: until)
            fields.add("limit", number: count)
        }
        return EndpointCall(marketRequest("candlesticks", fields.with(query.extra))) { answer in
            query.kept(try answer.list(named: "candlesticks").map { try GateDialect.candle($0) })
        }
    }

    private static func candle(_ row: JSONValue) throws -> ExchangeCandle {
        guard let time = try milliseconds(seconds: row[0], "time") else {
            throw UnreadableAnswer("candle", expected: "a time", found: row.compactText)
        }
        return ExchangeCandle(
            time: time, open: try row.decimal(5), high: try row.decimal(3), low: try row.decimal(4),
            close: try row.decimal(2), volume: try row.decimal(6), quoteVolume: try row.decimal(1))
    }

    static let intervals: [CandleInterval: String] = [
        .oneSecond: "1s", .oneMinute: "1m", .fiveMinutes: "5m", .fifteenMinutes: "15m", .thirtyMinutes: "30m",
        .oneHour: "1h", .fourHours: "4h", .eightHours: "8h", .oneDay: "1d", .oneWeek: "7d", .oneMonth: "30d",
    ]

    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var fields = ParameterList()
        fields.add("currency_pair", try catalog.required(query.symbol).id)
        GateDialect.addWindow(query, to: &fields, maximum: 1_000)
        fields.add("last_id", query.fromID)
        return EndpointCall(marketRequest("trades", fields.with(query.extra))) { answer in
            query.kept(try answer.list(named: "trades").map { try trade($0) })
        }
    }
}
