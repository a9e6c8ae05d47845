public import TradingCore

extension MEXCDialect {
    // MARK: - Tickers

    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        let market = try catalog.required(symbol)
        let fields = [JSONValue.Member(key: "symbol", value: .string(market.id))] + extra
        return EndpointCall(get("ticker/24hr", fields)) { answer in try MEXCMapping.ticker(answer, market) }
    }

    /// One by its own call; else all of them: the exchange has no call for some.
    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        if let symbols, symbols.count == 1 { return try ticker(symbols[0], extra).map { [$0] } }
        return try list(get("ticker/24hr", extra, weight: 25), symbols)
    }

    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try list(get("ticker/bookTicker", extra, weight: 25), symbols)
    }

    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try list(get("ticker/price", extra), symbols)
    }

    private func list(
        _ request: EndpointRequest, _ symbols: [Symbol]?
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        for symbol in symbols ?? [] { _ = try catalog.required(symbol) }
        let wanted = symbols.map { Set($0) }
        return EndpointCall(request) { [catalog] answer in
            let rows = answer.elements ?? [answer]
            return try rows.compactMap { row in
                // Delisted pairs stay in the list for a while.
                guard let market = catalog.market(id: try row.requiredText("symbol")) else { return nil }
                if let wanted, !wanted.contains(market.symbol) { return nil }
                return try MEXCMapping.ticker(row, market)
            }
        }
    }

    // MARK: - Book

    /// - Parameter limit: at most 5000; the exchange sends 100 by itself.
    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        let market = try catalog.required(symbol)
        var fields = [JSONValue.Member(key: "symbol", value: .string(market.id))]
        if let limit { fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 5_000))))) }
        return EndpointCall(get("depth", fields + extra, weight: 3)) { answer in
            try MEXCMapping.book(answer, market.symbol)
        }
    }

    // MARK: - Candles and trades

    /// The longest answer.
    private static let candleLimit = 500

    /// - Parameter query: with an end or a beginning alone the other is worked out, as the exchange wants both.
    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        let market = try catalog.required(query.symbol)
        guard let name = MEXCMapping.intervals[interval] else { throw unsupported("candles of \(interval.rawValue)") }
        var fields = [
            JSONValue.Member(key: "symbol", value: .string(market.id)),
            JSONValue.Member(key: "interval", value: .string(name)),
        ]
        var since = query.since
        if since == nil, let until = query.until {
            let span = interval.milliseconds * Int64(min(max(query.limit ?? Self.candleLimit, 1), Self.candleLimit))
            since = until > span ? until - span : 0
        }
        if let since { fields.append(.init(key: "startTime", value: .number(String(since)))) }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), Self.candleLimit)))))
        }
        if let until = query.until {
            fields.append(.init(key: "endTime", value: .number(String(until.saturatingAdd(1)))))
        } else if let since {
            // The longest answer that begins there: without an end the exchange sends the newest.
            let span = interval.milliseconds * Int64(Self.candleLimit)
            fields.append(.init(key: "endTime", value: .number(String(since.saturatingAdd(span)))))
        }
        return EndpointCall(get("klines", fields + query.extra)) { answer in
            query.selected(try answer.list().map { try MEXCMapping.candle($0) }, by: \.time)
        }
    }

    /// - Parameter query: `extra` may name another call under `endpoint`: `trades` or `historicalTrades` instead of
    ///   `aggTrades`, which alone takes times, at most an hour apart.
    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(query.symbol)
        let endpoint = query.extra.first { $0.key == "endpoint" }?.value.text ?? "aggTrades"
        guard ["aggTrades", "trades", "historicalTrades"].contains(endpoint) else { throw unsupported(endpoint) }
        var fields = [JSONValue.Member(key: "symbol", value: .string(market.id))]
        if let since = query.since, endpoint == "aggTrades" {
            let hour: Int64 = 3_600_000
            fields.append(.init(key: "startTime", value: .number(String(since))))
            fields.append(.init(key: "endTime", value: .number(String(query.until ?? (since &+ hour)))))
        }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 1_000)))))
        }
        fields += query.extra.filter { $0.key != "endpoint" }
        return EndpointCall(get(endpoint, fields, weight: endpoint == "aggTrades" ? 1 : 5)) { answer in
            query.selected(try answer.list().map { try MEXCMapping.trade($0, market.symbol) }, by: \.time)
        }
    }
}
