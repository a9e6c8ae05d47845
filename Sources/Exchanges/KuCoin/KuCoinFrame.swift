import TradingCore

/// What is common to all frames: `{"type", "topic", "subject", "data", "id", "code"}`, in any order.
struct KuCoinFrame {
    enum Kind: String {
        case message, welcome, ack, pong, error
        case other = ""
    }

    enum Topic: String, CaseIterable {
        case changes = "/market/level2"
        case trades = "/market/match"
        case lastPrice = "/market/ticker"
        case ticker = "/market/snapshot"
        case candles = "/market/candles"
        case bestPrices = "/spotMarket/level1"
        case best5 = "/spotMarket/level2Depth5"
        case best50 = "/spotMarket/level2Depth50"
        case orders = "/spotMarket/tradeOrders"
        case orderStates = "/spotMarket/tradeOrdersV2"
        case balances = "/account/balance"
        case other = ""
    }

    private(set) var kind = Kind.other
    private(set) var topic = Topic.other
    /// Where the frame names what stands behind the topic's colon: `BTC-USDT`, `BTC-USDT_1min`.
    private(set) var name = JSONScanner.Text.none
    private(set) var id: String?
    private(set) var code: String?
    /// Where the data stand, to be read when the topic is known.
    private(set) var dataOffset: Int?
    /// The data of a book's changes, read on the way; a failure is of their content, for the frame itself is good.
    private(set) var depth: Result<KuCoinDepth, any Error>?

    init(_ bytes: UnsafeRawBufferPointer) throws {
        var scanner = JSONScanner(bytes)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "data") {
                _ = scanner.peek()
                dataOffset = scanner.offset
                if topic == .changes, kind == .message {
                    depth = try KuCoinFrame.depth(&scanner)
                } else {
                    try scanner.skipValue()
                }
            } else if scanner.matches(key, "topic") {
                read(topic: try scanner.string(), scanner)
            } else if scanner.matches(key, "type") {
                let text = try scanner.string()
                kind =
                    scanner.matches(text, "message")
                    ? .message
                    : Kind(rawValue: String(decoding: scanner.content(of: text), as: UTF8.self)) ?? .other
            } else if scanner.matches(key, "id") {
                id = try KuCoinFrame.text(&scanner)
            } else if scanner.matches(key, "code") {
                code = try KuCoinFrame.text(&scanner)
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.finish()
    }

    private mutating func read(topic text: JSONScanner.Text, _ scanner: JSONScanner) {
        // Nearly all frames, without making a text of the topic.
        if scanner.begins(text, with: "/market/level2:") {
            topic = .changes
            name = scanner.part(of: text, from: 15)
            return
        }
        let bytes = scanner.content(of: text)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        let word = UnsafeRawBufferPointer(rebasing: bytes[..<colon])
        if colon < bytes.count { name = scanner.part(of: text, from: colon + 1) }
        topic = Topic(rawValue: String(decoding: word, as: UTF8.self)) ?? .other
    }

    /// - Throws: for what is no JSON.
    private static func depth(_ scanner: inout JSONScanner) throws(JSONError) -> Result<KuCoinDepth, any Error> {
        let start = scanner.offset
        do { return .success(try KuCoinDepth(&scanner)) } catch {
            scanner.offset = start
            try scanner.skipValue()
            return .failure(error)
        }
    }

    func name(in bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: JSONScanner(bytes).content(of: name), as: UTF8.self)
    }

    private static func text(_ scanner: inout JSONScanner) throws -> String {
        switch scanner.peek() {
        case UInt8(ascii: "\""): return try scanner.plainString()
        default:
            let start = scanner.offset
            try scanner.skipValue()
            return String(
                decoding: UnsafeRawBufferPointer(start: scanner.base + start, count: scanner.offset - start),
                as: UTF8.self)
        }
    }

    /// A scanner that stands before the data.
    func data(of bytes: UnsafeRawBufferPointer) throws -> JSONScanner {
        guard let dataOffset else { throw UnreadableAnswer("data", expected: "a value", found: "nothing") }
        var scanner = JSONScanner(bytes)
        scanner.offset = dataOffset
        return scanner
    }

    func dataValue(of bytes: UnsafeRawBufferPointer) throws -> JSONValue {
        var scanner = try data(of: bytes)
        let start = scanner.offset
        try scanner.skipValue()
        return try JSONValue(utf8: UnsafeRawBufferPointer(rebasing: bytes[start..<scanner.offset]))
    }
}
