public import TradingCore

extension BitfinexDialect {
    public func status() throws(ExchangeFailure) -> EndpointCall<ExchangeStatus> {
        EndpointCall(get("platform/status", [], "status")) { answer in
            switch answer.text(0) {
            case "1": return ExchangeStatus(isOK: true)
            case "0": return ExchangeStatus(isOK: false, message: "maintenance")
            default: throw UnreadableAnswer("[0]", expected: "0 or 1", found: answer.compactText)
            }
        }
    }

    // MARK: - Tickers

    public func ticker(
        _ symbol: Symbol, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeTicker> {
        let market = try catalog.required(symbol)
        return EndpointCall(get("ticker/" + market.id, extra, "ticker")) { answer in
            try BitfinexMapping.ticker(answer, from: 0, market)
        }
    }

    public func tickers(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        var ids = ["ALL"]
        if let symbols {
            ids = []
            for symbol in symbols { ids.append(try catalog.required(symbol).id) }
        }
        let fields = [JSONValue.Member(key: "symbols", value: .string(ids.joined(separator: ",")))]
        let wanted = symbols.map { Set($0) }
        return EndpointCall(get("tickers", fields + extra, "tickers")) { [catalog] answer in
            // Funding currencies and pairs that are no markets of ours come along.
            try answer.list().compactMap { row in
                guard let id = row.text(0), let market = catalog.market(id: id) else { return nil }
                if let wanted, !wanted.contains(market.symbol) { return nil }
                return try BitfinexMapping.ticker(row, from: 1, market)
            }
        }
    }

    public func bestPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try tickers(symbols, extra)
    }

    public func lastPrices(
        _ symbols: [Symbol]?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeTicker]> {
        try tickers(symbols, extra)
    }

    // MARK: - Book

    /// - Parameters:
    ///   - limit: the exchange sends 1, 25 (default) or 100 rows of each side.
    ///   - extra: `precision`, `R0` (single orders, the default) or `P0` to `P4`; the rest is sent.
    public func book(
        _ symbol: Symbol, limit: Int?, _ extra: ExtraParameters
    ) throws(ExchangeFailure) -> EndpointCall<ExchangeBook> {
        let market = try catalog.required(symbol)
        let precision = extra.first { $0.key == "precision" }?.value.text ?? "R0"
        var fields = extra.filter { $0.key != "precision" }
        if let limit {
            let length = [1, 25, 100].first { $0 >= limit } ?? 100
            fields.insert(.init(key: "len", value: .number(String(length))), at: 0)
        }
        let request = get("book/\(market.id)/\(precision)", fields, "book")
        return EndpointCall(request) { answer in
            try BitfinexMapping.book(answer, isOrders: precision.hasPrefix("R"), market.symbol, limit: limit)
        }
    }

    // MARK: - Candles and trades

    public func candles(
        _ query: HistoryQuery, _ interval: CandleInterval
    ) throws(ExchangeFailure) -> EndpointCall<[ExchangeCandle]> {
        let market = try catalog.required(query.symbol)
        guard let name = BitfinexMapping.intervals[interval] else {
            throw unsupported("candles of \(interval.rawValue)")
        }
        var fields = [JSONValue.Member(key: "sort", value: .number("1"))]
        fields.append(.init(key: "limit", value: .number(String(min(max(query.limit ?? 100, 1), 10_000)))))
        if let since = query.since { fields.append(.init(key: "start", value: .number(String(since)))) }
        if let until = query.until { fields.append(.init(key: "end", value: .number(String(until)))) }
        let request = get("candles/trade:\(name):\(market.id)/hist", fields + query.extra, "candles")
        return EndpointCall(request) { answer in
            query.selected(try answer.list().map { try BitfinexMapping.candle($0) }, by: \.time)
        }
    }

    public func trades(_ query: HistoryQuery) throws(ExchangeFailure) -> EndpointCall<[ExchangeTrade]> {
        let market = try catalog.required(query.symbol)
        var fields: ExtraParameters = []
        if let since = query.since { fields.append(.init(key: "start", value: .number(String(since)))) }
        if let until = query.until { fields.append(.init(key: "end", value: .number(String(until)))) }
        if let limit = query.limit {
            fields.append(.init(key: "limit", value: .number(String(min(max(limit, 1), 10_000)))))
        }
        fields.append(.init(key: "sort", value: .string(query.since == nil ? "-1" : "1")))
        let request = get("trades/\(market.id)/hist", fields + query.extra, "trades")
        return EndpointCall(request) { answer in
            query.selected(try answer.list().map { try BitfinexMapping.trade($0, market.symbol) }, by: \.time)
        }
    }
}
