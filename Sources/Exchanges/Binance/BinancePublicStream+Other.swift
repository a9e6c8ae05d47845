import TradingCore

extension BinancePublicStream {
    /// Acknowledgements, candles, tickers, notices.
    mutating func receiveOther(_ frame: UnsafeRawBufferPointer, into effects: inout [StreamEffect]) {
        guard let whole = try? JSONValue(utf8: frame) else {
            effects.append(.event(.unexplained(BinanceMarketFrame.excerpt(frame))))
            return
        }
        let message = whole["data"] ?? whole
        do {
            let effect = try effect(of: message)
            effects.append(effect ?? .event(.unexplained(BinanceMarketFrame.excerpt(frame))))
            if case .event(.confirmed)? = effect, let request = try message.integer("id") {
                confirmed(Int(clamping: request), into: &effects)
            }
        } catch {
            effects.append(.event(.unexplained("\(error)")))
        }
    }

    private func effect(of message: JSONValue) throws -> StreamEffect? {
        switch message.text("e") {
        case "kline": return try candle(message)
        case "24hrTicker": return .event(.ticker(try ticker(message)))
        case "serverShutdown": return .reconnect(failure(.onMaintenance, "the server shuts down"))
        case nil: return answer(message)
        default: return nil
        }
    }

    /// `{"result":null,"id":1}`, `{"error":{"code":2,"msg":"…"},"id":1}`, `{"code":2,"msg":"…"}`.
    private func answer(_ message: JSONValue) -> StreamEffect? {
        let id = "request \(message.text("id") ?? "?")"
        if let error = message["error"] ?? (message["code"] == nil ? nil : message), let words = error.text("msg") {
            var refusal = failure(.badRequest, words)
            refusal.code = error.text("code")
            return .event(.refused(id, refusal))
        }
        return message["result"] != nil && message["id"] != nil ? .event(.confirmed(id)) : nil
    }

    private func candle(_ message: JSONValue) throws -> StreamEffect? {
        guard let row = message["k"], let symbol = symbol(message),
            let interval = row.text("i").flatMap({ CandleInterval(rawValue: $0) }), let time = try row.integer("t")
        else { return nil }
        return .event(
            .candle(
                symbol, interval,
                ExchangeCandle(
                    time: time, open: try row.decimal("o"), high: try row.decimal("h"), low: try row.decimal("l"),
                    close: try row.decimal("c"), volume: try row.decimal("v"))))
    }

    private func symbol(_ message: JSONValue) -> Symbol? {
        message.text("s").flatMap { dialect.catalog.market(id: $0)?.symbol }
    }

    private func ticker(_ message: JSONValue) throws -> ExchangeTicker {
        let market = dialect.catalog.market(id: try message.requiredText("s"))
        var ticker = ExchangeTicker(symbol: market?.symbol, time: try message.integer("C") ?? message.integer("E"))
        ticker.high = try message.decimal("h")
        ticker.low = try message.decimal("l")
        ticker.bid = try message.decimal("b")
        ticker.bidAmount = try message.decimal("B")
        ticker.ask = try message.decimal("a")
        ticker.askAmount = try message.decimal("A")
        ticker.vwap = try message.decimal("w")
        ticker.open = try message.decimal("o")
        ticker.last = try message.decimal("c")
        ticker.previousClose = try message.decimal("x")
        ticker.change = try message.decimal("p")
        ticker.percentage = try message.decimal("P")
        ticker.baseVolume = try message.decimal("v")
        ticker.quoteVolume = try message.decimal("q")
        return try ticker.completed(market)
    }
}
