import TradingCore

extension GateDialect {
    func subscription(_ channel: StreamChannel) throws(ExchangeFailure) -> GateSubscription {
        let pair = try catalog.required(channel.symbol).id
        switch channel {
        case .book:
            switch bookFeed {
            case .levels(let count): return GateSubscription(channel: .levels, payload: ["ob.\(pair).\(count)"])
            case .updates: return GateSubscription(channel: .updates, payload: [pair, "100ms"])
            }
        case .bestPrices: return GateSubscription(channel: .bestPrices, payload: [pair])
        case .trades: return GateSubscription(channel: .trades, payload: [pair])
        case .ticker: return GateSubscription(channel: .tickers, payload: [pair])
        case .candles(_, let interval):
            guard let name = GateDialect.intervals[interval] else {
                throw unsupported("candles of \(interval.rawValue)")
            }
            return GateSubscription(channel: .candles, payload: [name, pair])
        }
    }

    func unreadable(_ channel: String, _ error: any Error) -> ExchangeFailure {
        ExchangeFailure(.badResponse, exchange: id.rawValue, endpoint: channel, message: "\(error)")
    }

    func bookFailure(_ channel: String, _ reason: String) -> ExchangeFailure {
        ExchangeFailure(.checksumError, exchange: id.rawValue, endpoint: channel, message: reason)
    }

    /// What a frame says that is no update: confirmed, refused, or only a sign of life.
    func acknowledgement(_ frame: GateFrame, _ bytes: UnsafeRawBufferPointer, _ title: String) -> StreamEvent {
        if let error = frame.error {
            return .refused(title, GateDialect.streamFailure(error, title))
        }
        switch (frame.channel, frame.event) {
        case (.pong, _): return .alive
        case (_, .subscribe), (_, .unsubscribe):
            let result = try? frame.resultValue(of: bytes)
            guard let status = result?.text("status"), status != "success" else { return .confirmed(title) }
            return .refused(title, GateDialect.streamFailure(result ?? .null, title))
        default: return .unexplained(String(decoding: bytes.prefix(200), as: UTF8.self))
        }
    }

    /// Codes of streams: 1 invalid body, 2 invalid argument, 3 server, 4 authentication.
    private static func streamFailure(_ error: JSONValue, _ title: String) -> ExchangeFailure {
        let code = error.text("code")
        let kind: ExchangeFailure.Kind =
            switch code {
            case "1", "2": .badRequest
            case "3": .exchangeNotAvailable
            case "4": .authenticationError
            default: .exchangeError
            }
        return ExchangeFailure(
            kind, exchange: "gate", endpoint: title, code: code,
            message: error.text("message") ?? error.compactText)
    }

    // MARK: - Market data but books

    func marketEvent(_ frame: GateFrame, _ bytes: UnsafeRawBufferPointer) throws -> StreamEvent {
        switch frame.channel {
        case .trades:
            var scanner = try frame.result(of: bytes)
            return .trade(try streamTrade(&scanner))
        case .tickers: return .ticker(try ticker(try frame.resultValue(of: bytes)))
        case .bestPrices: return .bestPrices(try streamBestPrices(try frame.resultValue(of: bytes)))
        case .candles: return try streamCandle(try frame.resultValue(of: bytes))
        default: return .unexplained(String(decoding: bytes.prefix(200), as: UTF8.self))
        }
    }

    /// `{"id", "create_time", "create_time_ms", "side", "currency_pair", "amount", "price"}`; the side is the taker's.
    private func streamTrade(_ scanner: inout JSONScanner) throws -> ExchangeTrade {
        var trade = ExchangeTrade()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "price") {
                trade.price = try scanner.exactDecimal()
            } else if scanner.matches(key, "amount") {
                trade.amount = try scanner.exactDecimal()
            } else if scanner.matches(key, "create_time_ms") {
                let time = try scanner.exactDecimal()
                trade.time = Int64(exactly: time.raw / FixedDecimal.one128)
            } else if scanner.matches(key, "side") {
                trade.side = scanner.matches(try scanner.string(), "buy") ? .buy : .sell
            } else if scanner.matches(key, "currency_pair") {
                trade.symbol = symbol(try scanner.plainString())
            } else if scanner.matches(key, "id") {
                trade.id = String(try scanner.wholeNumber())
            } else {
                try scanner.skipValue()
            }
        }
        guard trade.price?.isPositive == true, trade.amount?.isPositive == true, trade.symbol != nil,
            trade.side != nil
        else { throw UnreadableAnswer("trade", expected: "price, amount, side and market", found: "less") }
        return try trade.completed()
    }

    /// `{"t", "u", "s", "b", "B", "a", "A"}`: an empty side has no price.
    private func streamBestPrices(_ row: JSONValue) throws -> ExchangeTicker {
        let pair = try row.requiredText("s")
        var ticker = ExchangeTicker(symbol: symbol(pair), time: try row.integer("t"))
        ticker.bid = Derived.nonZero(try row.decimal("b"))
        ticker.bidAmount = try row.decimal("B")
        ticker.ask = Derived.nonZero(try row.decimal("a"))
        ticker.askAmount = try row.decimal("A")
        return ticker
    }

    /// `{"t": seconds, "o", "h", "l", "c", "v": quote volume, "a": base volume, "n": "1m_BTC_USDT", "w": closed}`.
    private func streamCandle(_ row: JSONValue) throws -> StreamEvent {
        let name = try row.requiredText("n")
        let parts = name.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, let symbol = symbol(String(parts[1])),
            let interval = GateDialect.intervals.first(where: { $0.value == parts[0] })?.key,
            let time = try GateDialect.milliseconds(seconds: row["t"], "t")
        else { throw UnreadableAnswer("n", expected: "length and market of candles", found: name) }
        return .candle(
            symbol, interval,
            ExchangeCandle(
                time: time, open: try row.requiredDecimal("o"), high: try row.requiredDecimal("h"),
                low: try row.requiredDecimal("l"), close: try row.requiredDecimal("c"),
                volume: try row.decimal("a"), quoteVolume: try row.decimal("v")))
    }
}
