import TradingCore

/// What every message of the streams comes in: whose it is, when, and the message itself.
///
/// Source: github.com/mexcdevelop/websocket-proto, `PushDataV3ApiWrapper`.
struct MEXCEnvelope {
    enum Body: Int, Sendable {
        case privateOrders = 304
        case privateDeals = 306
        case privateAccount = 307
        case candle = 308
        case miniTicker = 309
        case depth = 313
        case deals = 314
        case bookTicker = 315
    }

    /// Empty for messages of the account.
    var marketID = ""
    /// Milliseconds since 1970.
    var createdAt: Int64?
    var sentAt: Int64?
    /// Which message it is; 0 for none.
    var number = 0
    /// Nil for a message of a kind that we do not follow.
    var body: Body?
    var content = UnsafeRawBufferPointer(start: nil, count: 0)

    init(_ frame: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(frame)
        while let (number, wire) = try reader.nextField() {
            switch number {
            case 3:
                try reader.expect(wire, .bytes)
                marketID = try reader.text()
            case 5:
                try reader.expect(wire, .varint)
                createdAt = try reader.integer()
            case 6:
                try reader.expect(wire, .varint)
                sentAt = try reader.integer()
            case 301...399:
                try reader.expect(wire, .bytes)
                content = try reader.content()
                body = Body(rawValue: number)
                self.number = number
            default: try reader.skip(wire)
            }
        }
    }
}

/// Changes of a book between two versions: 1 asks, 2 bids, 4 from version, 5 to version.
struct MEXCDepth {
    var bids: [PriceLevel] = []
    var asks: [PriceLevel] = []
    var first: Int64 = -1
    var last: Int64 = -1

    init(_ content: UnsafeRawBufferPointer) throws {
        var reader = ProtobufReader(content)
        while let (number, wire) = try reader.nextField() {
            switch number {
            case 1: asks.append(try Self.level(&reader, wire))
            case 2: bids.append(try Self.level(&reader, wire))
            case 4:
                try reader.expect(wire, .bytes)
                first = try reader.decimalInteger()
            case 5:
                try reader.expect(wire, .bytes)
                last = try reader.decimalInteger()
            default: try reader.skip(wire)
            }
        }
        guard first >= 0, first <= last, last < .max else {
            throw UnreadableAnswer("version", expected: "two versions in order", found: "\(first) to \(last)")
        }
    }

    /// 1 price, 2 quantity.
    private static func level(_ outer: inout ProtobufReader, _ wire: ProtobufReader.Wire) throws -> PriceLevel {
        try outer.expect(wire, .bytes)
        var reader = ProtobufReader(try outer.content())
        var (price, amount): (FixedDecimal?, FixedDecimal?)
        while let (number, wire) = try reader.nextField() {
            switch number {
            case 1:
                try reader.expect(wire, .bytes)
                price = try reader.decimal()
            case 2:
                try reader.expect(wire, .bytes)
                amount = try reader.decimal()
            default: try reader.skip(wire)
            }
        }
        guard let price, let amount, price.isPositive, !amount.isNegative else {
            throw UnreadableAnswer("level", expected: "a price and an amount", found: "another")
        }
        return PriceLevel(price: price, amount: amount)
    }
}
