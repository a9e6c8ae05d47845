import TradingCore

extension KuCoinDialect {
    func unreadable(_ topic: String, _ error: any Error) -> ExchangeFailure {
        ExchangeFailure(.badResponse, exchange: id.rawValue, endpoint: topic, message: "\(error)")
    }

    /// Market data but the book's changes.
    func marketEvent(_ frame: KuCoinFrame, _ bytes: UnsafeRawBufferPointer) throws -> StreamEvent {
        switch frame.topic {
        case .trades:
            var scanner = try frame.data(of: bytes)
            return .trade(try streamTrade(&scanner, symbol(frame.name(in: bytes))))
        case .lastPrice: return .ticker(try lastPrice(try frame.dataValue(of: bytes), symbol(frame.name(in: bytes))))
        case .ticker: return .ticker(try streamTicker(try frame.dataValue(of: bytes)))
        case .bestPrices:
            return .bestPrices(try bestPrices(try frame.dataValue(of: bytes), symbol(frame.name(in: bytes))))
        case .best5, .best50:
            var scanner = try frame.data(of: bytes)
            return .book(try bestLevels(&scanner, symbol(frame.name(in: bytes))))
        case .candles: return try streamCandle(try frame.dataValue(of: bytes), frame.name(in: bytes))
        default: return .unexplained(String(decoding: bytes.prefix(200), as: UTF8.self))
        }
    }

    /// `{"price", "size", "side": the taker's, "symbol", "time": nanoseconds, "tradeId", …}`.
    private func streamTrade(_ scanner: inout JSONScanner, _ symbol: Symbol?) throws -> ExchangeTrade {
        var trade = ExchangeTrade(symbol: symbol)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "price") {
                trade.price = try scanner.exactDecimal()
            } else if scanner.matches(key, "size") {
                trade.amount = try scanner.exactDecimal()
            } else if scanner.matches(key, "time") {
                trade.time = KuCoinDialect.milliseconds(try scanner.wholeNumber())
            } else if scanner.matches(key, "side") {
                let side = try scanner.string()
                trade.side = scanner.matches(side, "buy") ? .buy : scanner.matches(side, "sell") ? .sell : nil
            } else if scanner.matches(key, "tradeId") {
                trade.id = try scanner.plainString()
            } else {
                try scanner.skipValue()
            }
        }
        guard trade.price?.isPositive == true, trade.amount?.isPositive == true, symbol != nil, trade.side != nil
        else { throw UnreadableAnswer("trade", expected: "price, size, side and market", found: "less") }
        return try trade.completed()
    }

    /// `/market/ticker`: the last trade and the best prices.
    private func lastPrice(_ row: JSONValue, _ symbol: Symbol?) throws -> ExchangeTicker {
        var ticker = ExchangeTicker(symbol: symbol, time: try KuCoinDialect.milliseconds(row, "time"))
        ticker.bid = try row.decimal("bestBid")
        ticker.bidAmount = try row.decimal("bestBidSize")
        ticker.ask = try row.decimal("bestAsk")
        ticker.askAmount = try row.decimal("bestAskSize")
        ticker.last = try row.requiredDecimal("price")
        return try ticker.completed(nil)
    }

    /// `/market/snapshot`: a ticker within an envelope of its own.
    private func streamTicker(_ data: JSONValue) throws -> ExchangeTicker {
        guard let row = data["data"] else {
            throw UnreadableAnswer("data", expected: "a ticker", found: data.compactText)
        }
        return try ticker(
            row, symbol(try row.requiredText("symbol")), time: try KuCoinDialect.milliseconds(row, "datetime"))
    }

    /// `/spotMarket/level1`: one level of each side.
    private func bestPrices(_ row: JSONValue, _ symbol: Symbol?) throws -> ExchangeTicker {
        var ticker = ExchangeTicker(symbol: symbol, time: try KuCoinDialect.milliseconds(row, "timestamp"))
        ticker.bid = Derived.nonZero(try row["bids"]?.decimal(0))
        ticker.bidAmount = try row["bids"]?.decimal(1)
        ticker.ask = Derived.nonZero(try row["asks"]?.decimal(0))
        ticker.askAmount = try row["asks"]?.decimal(1)
        return ticker
    }

    /// `/spotMarket/level2Depth5` and `…50`: books without numbers.
    private func bestLevels(_ scanner: inout JSONScanner, _ symbol: Symbol?) throws -> ExchangeBook {
        var (bids, asks): ([PriceLevel]?, [PriceLevel]?)
        var time: Int64?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "bids") {
                bids = try scanner.priceLevels()
            } else if scanner.matches(key, "asks") {
                asks = try scanner.priceLevels()
            } else if scanner.matches(key, "timestamp") {
                time = KuCoinDialect.milliseconds(try scanner.wholeNumber())
            } else {
                try scanner.skipValue()
            }
        }
        guard let symbol, let bids, let asks else {
            throw UnreadableAnswer("book", expected: "bids and asks of a market", found: "less")
        }
        return ExchangeBook(symbol: symbol, bids: bids, asks: asks, time: time)
    }

    private func streamCandle(_ data: JSONValue, _ name: String) throws -> StreamEvent {
        let parts = name.split(separator: "_")
        guard parts.count == 2, let symbol = symbol(String(parts[0])), let row = data["candles"],
            let interval = KuCoinDialect.intervals.first(where: { $0.value == parts[1] })?.key
        else { throw UnreadableAnswer("topic", expected: "market and length of candles", found: name) }
        return .candle(symbol, interval, try KuCoinDialect.candle(row))
    }
}
