public import TradingCore

/// Source: bybit-exchange.github.io/docs/v5/market.
extension BybitDialect {
    private func marketFields(_ symbol: Symbol?) throws(ExchangeFailure) -> RequestFields {
        RequestFields(["category": BybitDialect.category, "symbol": try catalog.required(symbol).id])
    }

    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> {
        ask(.public, "v5/market/time") { answer in
            guard let time = try answer.whole.integer("time") else {
                throw UnreadableAnswer("time", expected: "a time", found: answer.whole.compactText)
            }
            return time
        }
    }

    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> {
        ask(.public, "v5/system/status") { answer in
            guard let ongoing = try answer.rows().first(where: { $0.text("state") == "ongoing" }) else {
                return ExchangeStatus(isOK: true)
            }
            return ExchangeStatus(isOK: false, eta: try ongoing.integer("end"), message: ongoing.text("title"))
        }
    }

    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        ask(.public, "v5/market/instruments-info", RequestFields(["category": BybitDialect.category])) { answer in
            try answer.rows().map { try market($0) }
        }
    }

    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        var fields = try marketFields(symbol)
        fields.put(extra)
        return ask(.public, "v5/market/tickers", fields) { answer in try ticker(try answer.first(), nil) }
    }

    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        for symbol in symbols ?? [] { _ = try catalog.required(symbol) }
        let wanted = symbols.map { Set($0) }
        var fields = RequestFields(["category": BybitDialect.category])
        fields.put(extra)
        return ask(.public, "v5/market/tickers", fields) { answer in
            try answer.rows().map { try ticker($0, nil) }.filter { ticker in
                guard let wanted else { return true }
                return ticker.symbol.map(wanted.contains) ?? false
            }
        }
    }

    /// From the tickers: Bybit has no shorter list.
    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try tickers(symbols, extra).map { tickers in tickers.map(\.bestPrices) }
    }

    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try tickers(symbols, extra).map { tickers in
            tickers.map { ticker in
                var last = ExchangeTicker(symbol: ticker.symbol, time: ticker.time)
                last.last = ticker.last
                return last
            }
        }
    }

    /// - Parameter limit: levels on each side, 50 by default and 200 at most.
    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        var fields = try marketFields(symbol)
        fields.put("limit", number: min(max(limit ?? 50, 1), 200))
        fields.put(extra)
        return ask(.public, "v5/market/orderbook", fields) { answer in
            // Its update number counts the stream of 1000 levels, not those of fewer.
            ExchangeBook(
                symbol: symbol, bids: try BybitDialect.levels(answer.result, "b"),
                asks: try BybitDialect.levels(answer.result, "a"), time: try answer.result.integer("ts"))
        }
    }

    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        guard let name = BybitDialect.intervals[interval] else {
            throw ExchangeFailure(.badRequest, message: "Bybit has no candles of \(interval.rawValue)")
        }
        var fields = try marketFields(query.symbol)
        fields.put("interval", name)
        fields.put("limit", number: min(max(query.limit ?? 200, 1), 1_000))
        fields.put("start", number: query.since)
        fields.put("end", number: query.until)
        fields.put(query.extra)
        return ask(.public, "v5/market/kline", fields) { answer in
            query.selection(from: try answer.rows().map { try BybitDialect.candle($0) }) { $0.time }
        }
    }

    static let intervals: [CandleInterval: String] = [
        .oneMinute: "1", .threeMinutes: "3", .fiveMinutes: "5", .fifteenMinutes: "15", .thirtyMinutes: "30",
        .oneHour: "60", .twoHours: "120", .fourHours: "240", .sixHours: "360", .twelveHours: "720", .oneDay: "D",
        .oneWeek: "W", .oneMonth: "M",
    ]

    /// - Parameter query: of its limit 60 at most.
    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        var fields = try marketFields(query.symbol)
        fields.put("limit", number: query.limit.map { min(max($0, 1), 60) })
        fields.put(query.extra)
        return ask(.public, "v5/market/recent-trade", fields) { answer in
            query.selection(from: try answer.rows().map { try marketTrade($0) }) { $0.time }
        }
    }
}
