public import TradingCore

/// Public calls. Source: "REST API", "General endpoints" and "Market Data endpoints".
extension BinanceDialect {
    func weight(_ count: Int) -> [RateCost] { [RateCost(Limit.weight, count)] }

    func publicRequest(
        _ path: String, _ fields: [JSONValue.Member], _ extra: ExtraParameters = [], weight count: Int
    ) -> EndpointRequest {
        EndpointRequest(.get, ["public"], path, BinanceField.replace(fields, by: extra), costs: weight(count))
    }

    public func serverTime() throws(ExchangeFailure) -> EndpointCall<Int64> {
        EndpointCall(publicRequest("time", [], weight: 1)) { answer in
            guard let time = try answer.integer("serverTime") else {
                throw UnreadableAnswer("serverTime", expected: "a time", found: "nothing")
            }
            return time
        }
    }

    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> {
        EndpointCall(EndpointRequest(.get, ["sapi"], Self.statusPath, costs: [RateCost(Limit.wallet)])) { answer in
            ExchangeStatus(isOK: try answer.integer("status") == 0, message: answer.text("msg"))
        }
    }

    public func markets() throws(ExchangeFailure) -> EndpointCall<[ExchangeMarket]> {
        EndpointCall(publicRequest("exchangeInfo", [], weight: 20)) { answer in
            try answer.list("symbols").map { try BinanceMapping.market($0) }
        }
    }

    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        let market = try catalog.required(symbol)
        let request = publicRequest("ticker/24hr", [BinanceField.text("symbol", market.id)], extra, weight: 2)
        return EndpointCall(request) { [catalog] answer in try BinanceMapping.ticker(answer, catalog) }
    }

    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        let count = symbols?.count ?? .max
        return try tickerList("ticker/24hr", symbols, extra, weight: count <= 20 ? 2 : count <= 100 ? 40 : 80)
    }

    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try tickerList("ticker/bookTicker", symbols, extra, weight: symbols?.count == 1 ? 2 : 4)
    }

    /// Of all markets; those asked for are picked from the answer.
    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try tickerList("ticker/price", nil, extra, weight: 4).map { tickers in
            guard let symbols else { return tickers }
            return tickers.filter { ticker in ticker.symbol.map { symbols.contains($0) } ?? false }
        }
    }

    private func tickerList(
        _ path: String, _ symbols: [Symbol]?, _ extra: ExtraParameters, weight count: Int
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        var fields: [JSONValue.Member] = []
        if let symbols {
            var names: [JSONValue] = []
            for symbol in symbols { names.append(.string(try catalog.required(symbol).id)) }
            fields = [JSONValue.Member(key: "symbols", value: .array(names))]
        }
        return EndpointCall(publicRequest(path, fields, extra, weight: count)) { [catalog] answer in
            try answer.list().map { try BinanceMapping.ticker($0, catalog, isListed: true) }
        }
    }

    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        let market = try catalog.required(symbol)
        let depth = limit ?? 100
        let request = publicRequest(
            "depth", [BinanceField.text("symbol", market.id)] + BinanceField.optional("limit", limit), extra,
            weight: depth <= 100 ? 5 : depth <= 500 ? 25 : depth <= 1_000 ? 50 : 250)
        return EndpointCall(request) { answer in
            ExchangeBook(
                symbol: symbol, bids: try BinanceMapping.levels(answer.list("bids")),
                asks: try BinanceMapping.levels(answer.list("asks")), sequence: try answer.integer("lastUpdateId"))
        }
    }

    /// At most 1 000 candles. Without a limit 500, or 1 000 between two times.
    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        let market = try catalog.required(query.symbol)
        guard interval != .twoWeeks, interval != .threeHours else {
            throw unsupported("candles of \(interval.rawValue)")
        }
        let limit = query.limit ?? (query.since != nil && query.until != nil ? 1_000 : 500)
        let fields: [JSONValue.Member] =
            [
                BinanceField.text("interval", interval.rawValue),
                BinanceField.integer("limit", Int64(min(max(limit, 1), 1_000))),
                BinanceField.text("symbol", market.id),
            ] + BinanceField.optional("startTime", query.since) + BinanceField.optional("endTime", query.until)
        return EndpointCall(publicRequest("klines", fields, query.extra, weight: 2)) { answer in
            try answer.list().map { try BinanceMapping.candle($0) }
        }
    }

    /// Trades of one taker order at one price count as one. From `since` on an hour is asked for.
    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(query.symbol)
        let end = query.until ?? query.since.map { $0.addingReportingOverflow(3_600_000).partialValue }
        let fields: [JSONValue.Member] =
            [BinanceField.text("symbol", market.id)] + BinanceField.optional("startTime", query.since)
            + BinanceField.optional("endTime", end)
            + BinanceField.optional("limit", query.limit.map { min($0, 1_000) })
            + BinanceField.optional("fromId", query.fromID)
        return EndpointCall(publicRequest("aggTrades", fields, query.extra, weight: 4)) { answer in
            try answer.list().map { try BinanceMapping.publicTrade($0, market.symbol) }
        }
    }
}
