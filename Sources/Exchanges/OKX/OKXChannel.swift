import TradingCore

/// A channel in OKX's words.
struct OKXChannel: Hashable, Sendable {
    let name: String
    let instrument: String
    let symbol: Symbol
    /// Candles come on an address of their own.
    let isBusiness: Bool

    /// - Parameter instrument: the symbol's `instId`.
    init(_ channel: StreamChannel, _ instrument: String, bar: String = "") {
        self.instrument = instrument
        symbol = channel.symbol
        switch channel {
        case .book: (name, isBusiness) = ("books", false)
        case .bestPrices: (name, isBusiness) = ("bbo-tbt", false)
        case .trades: (name, isBusiness) = ("trades", false)
        case .ticker: (name, isBusiness) = ("tickers", false)
        case .candles: (name, isBusiness) = ("candle" + bar, true)
        }
    }

    var isIncrementalBook: Bool { name == "books" }
    var argument: JSONValue { RequestFields(["channel": name, "instId": instrument]).object }

    static func frame(_ operation: String, _ arguments: [JSONValue]) -> String {
        var frame = RequestFields(["op": operation])
        frame.put("args", .array(arguments))
        return frame.object.compactText
    }

    /// Of a channel of candles, with bars by either midnight.
    static func interval(_ channel: String) -> CandleInterval? {
        guard channel.hasPrefix("candle") else { return nil }
        return intervals[String(channel.dropFirst("candle".count))]
    }

    private static let intervals: [String: CandleInterval] = {
        var intervals: [String: CandleInterval] = [:]
        for (interval, bar) in OKXDialect.bars {
            intervals[bar] = interval
            intervals[bar.replacingSuffix("utc", with: "")] = interval
        }
        return intervals
    }()
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, with other: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + other : self
    }
}
