import TradingCore

/// What is common to all frames: `{"time", "time_ms", "id", "channel", "event", "result", "error"}`, in any order.
struct GateFrame {
    enum Channel: String {
        case levels = "spot.obu"
        case updates = "spot.order_book_update"
        case trades = "spot.trades"
        case tickers = "spot.tickers"
        case bestPrices = "spot.book_ticker"
        case candles = "spot.candlesticks"
        case orders = "spot.orders"
        case fills = "spot.usertrades"
        case balances = "spot.balances"
        case pong = "spot.pong"
        case other = ""
    }

    enum Event {
        case update, subscribe, unsubscribe, other
    }

    private(set) var channel = Channel.other
    private(set) var event = Event.other
    private(set) var id: Int64?
    /// Where the result stands, to be read when the channel is known.
    private(set) var resultOffset: Int?
    /// The result of a channel of books, read on the way.
    private(set) var depth: GateDepth?
    /// What the exchange refused.
    private(set) var error: JSONValue?

    init(_ bytes: UnsafeRawBufferPointer) throws {
        var scanner = JSONScanner(bytes)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "channel") {
                channel = GateFrame.channel(try scanner.string(), scanner)
            } else if scanner.matches(key, "event") {
                event = GateFrame.event(try scanner.string(), scanner)
            } else if scanner.matches(key, "result") {
                _ = scanner.peek()
                resultOffset = scanner.offset
                if channel == .levels || channel == .updates {
                    depth = try GateDepth(reading: &scanner)
                } else {
                    try scanner.skipValue()
                }
            } else if scanner.matches(key, "id"), scanner.peek() != UInt8(ascii: "n") {
                id = try scanner.wholeNumber()
            } else if scanner.matches(key, "error"), scanner.peek() == UInt8(ascii: "{") {
                error = try GateFrame.value(&scanner, bytes)
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.finish()
    }

    /// A scanner that stands before the result.
    func result(of bytes: UnsafeRawBufferPointer) throws -> JSONScanner {
        guard let resultOffset else { throw UnreadableAnswer("result", expected: "a value", found: "nothing") }
        var scanner = JSONScanner(bytes)
        scanner.offset = resultOffset
        return scanner
    }

    func resultValue(of bytes: UnsafeRawBufferPointer) throws -> JSONValue {
        var scanner = try result(of: bytes)
        return try GateFrame.value(&scanner, bytes)
    }

    /// The value a scanner stands before, built.
    private static func value(_ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer) throws -> JSONValue {
        _ = scanner.peek()
        let start = scanner.offset
        try scanner.skipValue()
        return try JSONValue(utf8: UnsafeRawBufferPointer(rebasing: bytes[start..<scanner.offset]))
    }

    private static func channel(_ text: JSONScanner.Text, _ scanner: JSONScanner) -> Channel {
        if scanner.matches(text, "spot.obu") { return .levels }
        if scanner.matches(text, "spot.order_book_update") { return .updates }
        if scanner.matches(text, "spot.trades") { return .trades }
        return Channel(rawValue: String(decoding: scanner.content(of: text), as: UTF8.self)) ?? .other
    }

    private static func event(_ text: JSONScanner.Text, _ scanner: JSONScanner) -> Event {
        if scanner.matches(text, "update") { return .update }
        if scanner.matches(text, "subscribe") { return .subscribe }
        return scanner.matches(text, "unsubscribe") ? .unsubscribe : .other
    }
}
