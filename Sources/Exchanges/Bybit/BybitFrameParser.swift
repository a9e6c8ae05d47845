import TradingCore

/// A book or what changed of it.
struct BybitBookFrame: Hashable, Sendable {
    var bids: [PriceLevel] = []
    var asks: [PriceLevel] = []
    /// Counts the frames of one topic up; 1: the service began anew.
    var update: Int64 = 0
    /// Orders the frames of all topics of a market.
    var sequence: Int64?
}

/// A frame as far as it is read in one go. Topics are where the frame names them.
enum BybitMessage: Sendable {
    case book(topic: JSONScanner.Text, isSnapshot: Bool, time: Int64, BybitBookFrame)
    case trades(topic: JSONScanner.Text, [ExchangeTrade])
    /// Everything else, whole.
    case other(JSONValue)
}

struct BybitFrameError: Error, Equatable, Sendable {
    var cause: JSONError
    /// The topic of books that the frame belongs to, if that much could be read.
    var bookTopic: String?
}

/// Reads frames from their bytes: books and trades straight into levels and trades, the rest as values.
/// Source: bybit-exchange.github.io/docs/v5/websocket/public/orderbook, /trade.
enum BybitFrameParser {
    private enum Content {
        case book(BybitBookFrame)
        case trades([ExchangeTrade])
    }

    private struct Header {
        var topic = JSONScanner.Text.none
        var isBook = false
        var isTrade = false
        var isSnapshot: Bool?
        var time: Int64?

        var isKnown: Bool { isBook || isTrade }

        mutating func read(topic: JSONScanner.Text, _ scanner: JSONScanner) throws(JSONError) {
            self.topic = topic
            if topic.hasEscapes {
                let name = try scanner.unescaped(topic)
                isBook = name.hasPrefix("orderbook.")
                isTrade = name.hasPrefix("publicTrade.")
            } else {
                isBook = scanner.begins(topic, with: "orderbook.")
                isTrade = scanner.begins(topic, with: "publicTrade.")
            }
        }
    }

    static func parse(_ bytes: UnsafeRawBufferPointer) throws(BybitFrameError) -> BybitMessage {
        var header = Header()
        do throws(JSONError) {
            return try parse(bytes, &header)
        } catch {
            let topic = header.isBook ? try? JSONScanner(bytes).unescaped(header.topic) : nil
            throw BybitFrameError(cause: error, bookTopic: topic)
        }
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ header: inout Header
    ) throws(JSONError) -> BybitMessage {
        var scanner = JSONScanner(bytes)
        var content: Content?
        var skipped: Int?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "topic") {
                try header.read(topic: try scanner.string(), scanner)
            } else if scanner.matches(key, "type"), scanner.peek() == UInt8(ascii: "\"") {
                header.isSnapshot = scanner.matches(try scanner.string(), "snapshot")
            } else if scanner.matches(key, "ts") {
                header.time = try scanner.looseInteger()
            } else if scanner.matches(key, "data"), content == nil {
                if header.isKnown {
                    content = try read(&scanner, header)
                } else {
                    skipped = scanner.offset
                    try scanner.skipValue()
                }
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.finish()
        guard header.isKnown else { return .other(try JSONValue(utf8: bytes)) }
        if content == nil, let skipped {
            scanner.offset = skipped
            content = try read(&scanner, header)
        }
        switch content {
        case .trades(let trades): return .trades(topic: header.topic, trades)
        case .book(let frame):
            guard let isSnapshot = header.isSnapshot, let time = header.time else { throw scanner.error(.key) }
            return .book(topic: header.topic, isSnapshot: isSnapshot, time: time, frame)
        case nil: throw scanner.error(.key)
        }
    }

    private static func read(_ scanner: inout JSONScanner, _ header: Header) throws(JSONError) -> Content {
        if header.isBook { return .book(try readBook(&scanner)) }
        var trades: [ExchangeTrade] = []
        try scanner.beginArray()
        while try scanner.nextElement() { trades.append(try readTrade(&scanner)) }
        return .trades(trades)
    }

    private static func readBook(_ scanner: inout JSONScanner) throws(JSONError) -> BybitBookFrame {
        var frame = BybitBookFrame()
        var seen = (bids: false, asks: false, update: false)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "b") {
                seen.bids = true
                try scanner.priceLevels(into: &frame.bids)
            } else if scanner.matches(key, "a") {
                seen.asks = true
                try scanner.priceLevels(into: &frame.asks)
            } else if scanner.matches(key, "u") {
                seen.update = true
                frame.update = try scanner.looseInteger()
            } else if scanner.matches(key, "seq") {
                frame.sequence = try scanner.looseInteger()
            } else {
                try scanner.skipValue()
            }
        }
        guard seen.bids, seen.asks, seen.update else { throw scanner.error(.key) }
        return frame
    }

    /// A trade without its symbol, which the topic tells.
    private static func readTrade(_ scanner: inout JSONScanner) throws(JSONError) -> ExchangeTrade {
        var trade = ExchangeTrade()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "i") {
                trade.id = try scanner.unescaped(try scanner.string())
            } else if scanner.matches(key, "p") {
                trade.price = try scanner.quotedDecimal()
            } else if scanner.matches(key, "v") {
                trade.amount = try scanner.quotedDecimal()
            } else if scanner.matches(key, "S") {
                let word = try scanner.string()
                trade.side = scanner.matches(word, "Buy") ? .buy : scanner.matches(word, "Sell") ? .sell : nil
            } else if scanner.matches(key, "T") {
                trade.time = try scanner.looseInteger()
            } else {
                try scanner.skipValue()
            }
        }
        guard trade.id != nil, trade.side != nil, trade.time != nil, let price = trade.price,
            let amount = trade.amount, let cost = try? price.multiplied(by: amount, rounding: .down)
        else { throw scanner.error(.key) }
        trade.cost = cost
        return trade
    }
}
