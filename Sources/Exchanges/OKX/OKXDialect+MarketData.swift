public import TradingCore

/// Source: www.okx.com/docs-v5, "Public Data" and "Market Data".
extension OKXDialect {
    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> {
        ask(.public, "public/time") { rows in
            let row = try rows.only("data")
            guard let time = try row.integer("ts") else {
                throw UnreadableAnswer("ts", expected: "a time", found: row.compactText)
            }
            return time
        }
    }

    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> {
        ask(.public, "system/status") { rows in
            guard let ongoing = rows.first(where: { $0.text("state") == "ongoing" }) else {
                return ExchangeStatus(isOK: true)
            }
            return ExchangeStatus(isOK: false, eta: try ongoing.integer("end"), message: ongoing.text("title"))
        }
    }

    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        ask(.public, "public/instruments", RequestFields(["instType": "SPOT"])) { rows in
            try rows.filter { $0.text("instType") == "SPOT" }.map { try market($0) }
        }
    }

    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        let market = try catalog.required(symbol)
        var fields = RequestFields(["instId": market.id])
        fields.put(extra)
        return ask(.public, "market/ticker", fields) { rows in try ticker(try rows.only("data")) }
    }

    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        for symbol in symbols ?? [] { _ = try catalog.required(symbol) }
        let wanted = symbols.map { Set($0) }
        var fields = RequestFields(["instType": "SPOT"])
        fields.put(extra)
        return ask(.public, "market/tickers", fields) { rows in
            try rows.map { try ticker($0) }.filter { ticker in
                guard let wanted else { return true }
                return ticker.symbol.map(wanted.contains) ?? false
            }
        }
    }

    /// From the tickers: OKX has no shorter list.
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

    /// - Parameter limit: levels on each side, 100 by default; above 400 the full book of up to 5000 is asked, which costs
    ///   four times as much.
    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        let market = try catalog.required(symbol)
        let depth = min(max(limit ?? 100, 1), 5_000)
        var fields = RequestFields(["instId": market.id])
        fields.put("sz", number: depth)
        fields.put(extra)
        return ask(.public, depth > 400 ? "market/books-full" : "market/books", fields) { rows in
            try book(try rows.only("data"), symbol)
        }
    }

    /// With a start in time the candles come from the history, which holds those of years; without from the newest 1440.
    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        let market = try catalog.required(query.symbol)
        guard let bar = OKXDialect.bars[interval] else {
            throw ExchangeFailure(.badRequest, message: "OKX has no candles of \(interval.rawValue)")
        }
        let limit = min(max(query.limit ?? 100, 1), 300)
        var fields = RequestFields(["instId": market.id, "bar": bar])
        fields.put("limit", number: limit)
        if let since = query.since {
            // Both ends are exclusive.
            let span = interval.milliseconds * Int64(limit)
            fields.put("before", number: max(since &- 1, 0))
            fields.put("after", number: query.until ?? since.saturatingAdd(span))
        } else {
            fields.put("after", number: query.until)
        }
        fields.put(query.extra)
        let path = query.since == nil ? "market/candles" : "market/history-candles"
        return ask(.public, path, fields) { rows in
            query.selection(from: try rows.map { try OKXDialect.candle($0) }) { $0.time }
        }
    }

    /// From six hours on the bars are those that begin at midnight UTC; the plain names begin at that of Hong Kong.
    static let bars: [CandleInterval: String] = [
        .oneSecond: "1s", .oneMinute: "1m", .threeMinutes: "3m", .fiveMinutes: "5m", .fifteenMinutes: "15m",
        .thirtyMinutes: "30m", .oneHour: "1H", .twoHours: "2H", .fourHours: "4H", .sixHours: "6Hutc",
        .twelveHours: "12Hutc", .oneDay: "1Dutc", .threeDays: "3Dutc", .oneWeek: "1Wutc", .oneMonth: "1Mutc",
    ]

    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(query.symbol)
        var fields = RequestFields(["instId": market.id])
        fields.put("limit", number: query.limit.map { min(max($0, 1), 500) })
        fields.put(query.extra)
        return ask(.public, "market/trades", fields) { rows in
            query.selection(from: try rows.map { try marketTrade($0) }) { $0.time }
        }
    }
}
