import TradingCore

/// A topic in Bybit's words: `orderbook.50.BTCUSDT`.
struct BybitTopic: Hashable, Sendable {
    /// Levels of the books; they come every 20 ms. More come ten times as slowly.
    static let depth = 50

    let name: String
    let symbol: Symbol
    let isBook: Bool

    /// - Parameters:
    ///   - market: the symbol's id.
    ///   - interval: of candles, in Bybit's words.
    init(_ channel: StreamChannel, _ market: String, interval: String = "") {
        symbol = channel.symbol
        switch channel {
        case .book: (name, isBook) = ("orderbook.\(Self.depth).\(market)", true)
        case .bestPrices: (name, isBook) = ("orderbook.1.\(market)", true)
        case .trades: (name, isBook) = ("publicTrade.\(market)", false)
        case .ticker: (name, isBook) = ("tickers.\(market)", false)
        case .candles: (name, isBook) = ("kline.\(interval).\(market)", false)
        }
    }

    /// - Parameter id: comes back with the answer.
    static func frame(_ operation: String, _ topics: [String], id: String) -> String {
        var frame = RequestFields(["req_id": id, "op": operation])
        frame.put("args", .array(topics.map { .string($0) }))
        return frame.object.compactText
    }

    /// What stands behind the last dot.
    static func market(_ topic: String) -> String {
        topic.lastIndex(of: ".").map { String(topic[topic.index(after: $0)...]) } ?? topic
    }

    /// Of a topic of candles.
    static func interval(_ topic: String) -> CandleInterval? {
        let parts = topic.split(separator: ".")
        guard parts.count == 3, parts[0] == "kline" else { return nil }
        return BybitDialect.intervals.first { $0.value == parts[1] }?.key
    }

    static let ping = #"{"op":"ping"}"#
}
