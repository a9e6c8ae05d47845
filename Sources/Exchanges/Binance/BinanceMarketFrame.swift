import TradingCore

/// A message of the market streams, read in one pass: depth changes, trades and best prices, which make up nearly all of
/// what comes. Everything else is read as a whole.
///
/// Takes the combined form `{"stream":…,"data":{…}}` and the payload alone.
/// Source: "WebSocket Streams for Binance".
struct BinanceMarketFrame {
    enum Kind {
        case depth, trade, aggregateTrade, bestPrices
        /// Another event, an acknowledgement, an error.
        case other
    }

    private(set) var kind = Kind.other
    /// The market's name, as it stands in the frame.
    private(set) var symbol: JSONScanner.Text?
    /// `E`.
    private(set) var eventTime: Int64?
    /// `T`.
    private(set) var tradeTime: Int64?
    /// `U` and `u`.
    private(set) var first: Int64?
    private(set) var last: Int64?
    /// `t` of a trade, `a` of an aggregate one.
    private(set) var tradeID: Int64?
    private(set) var price: FixedDecimal?
    private(set) var amount: FixedDecimal?
    private(set) var buyerIsMaker: Bool?
    private(set) var bids: [PriceLevel] = []
    private(set) var asks: [PriceLevel] = []
    /// Of best prices; a price of zero is an empty side.
    private(set) var bid: FixedDecimal?
    private(set) var ask: FixedDecimal?
    private(set) var bidAmount: FixedDecimal?
    private(set) var askAmount: FixedDecimal?
    private var event: JSONScanner.Text?

    /// - Throws: ``UnreadableAnswer`` with the offset of what is no JSON, or no number where one belongs.
    init(_ bytes: UnsafeRawBufferPointer) throws(UnreadableAnswer) {
        var scanner = JSONScanner(bytes)
        do throws(JSONError) {
            guard scanner.peek() == UInt8(ascii: "{") else {
                try scanner.skipValue()
                try scanner.finish()
                return
            }
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                if scanner.matches(key, "data"), scanner.peek() == UInt8(ascii: "{") {
                    try scanner.beginObject()
                    while let inner = try scanner.nextKey() { try read(inner, &scanner) }
                } else {
                    try read(key, &scanner)
                }
            }
            try scanner.finish()
        } catch {
            throw UnreadableAnswer("frame", expected: "\(error)", found: Self.excerpt(bytes))
        }
        kind = kind(scanner)
    }

    /// The market's name as a text; empty when the frame has none.
    func name(in bytes: UnsafeRawBufferPointer) -> String {
        guard let symbol else { return "" }
        return String(decoding: JSONScanner(bytes).content(of: symbol), as: UTF8.self)
    }

    static func excerpt(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes.prefix(80), as: UTF8.self) }

    private func kind(_ scanner: JSONScanner) -> Kind {
        guard let event else {
            // The only stream without a name.
            return last != nil && bid != nil && ask != nil && (symbol?.count ?? 0) > 0 ? .bestPrices : .other
        }
        if scanner.matches(event, "depthUpdate") { return .depth }
        if scanner.matches(event, "trade") { return .trade }
        if scanner.matches(event, "aggTrade") { return .aggregateTrade }
        return .other
    }

    private mutating func read(_ key: JSONScanner.Text, _ scanner: inout JSONScanner) throws(JSONError) {
        guard key.count == 1, !key.hasEscapes else { return try scanner.skipValue() }
        switch scanner.byte(key.start) {
        case UInt8(ascii: "e"): event = try Self.string(&scanner)
        case UInt8(ascii: "s"): if let text = try Self.string(&scanner) { symbol = text }
        case UInt8(ascii: "E"): eventTime = try Self.integer(&scanner)
        case UInt8(ascii: "T"): tradeTime = try Self.integer(&scanner)
        case UInt8(ascii: "U"): first = try Self.integer(&scanner)
        case UInt8(ascii: "u"): last = try Self.integer(&scanner)
        case UInt8(ascii: "t"): tradeID = try Self.integer(&scanner)
        case UInt8(ascii: "p"): price = try Self.decimal(&scanner)
        case UInt8(ascii: "q"): amount = try Self.decimal(&scanner)
        case UInt8(ascii: "B"): bidAmount = try Self.decimal(&scanner)
        case UInt8(ascii: "A"): askAmount = try Self.decimal(&scanner)
        case UInt8(ascii: "m"):
            if scanner.peek() == UInt8(ascii: "t") || scanner.peek() == UInt8(ascii: "f") {
                buyerIsMaker = try scanner.boolean()
            } else {
                try scanner.skipValue()
            }
        case UInt8(ascii: "b"): try readSide(&scanner, &bids, &bid)
        case UInt8(ascii: "a"):
            if let id = try Self.number(&scanner) { tradeID = id } else { try readSide(&scanner, &asks, &ask) }
        default: try scanner.skipValue()
        }
    }

    /// Levels of a depth change, or the best price alone.
    private func readSide(
        _ scanner: inout JSONScanner, _ levels: inout [PriceLevel], _ best: inout FixedDecimal?
    ) throws(JSONError) {
        guard scanner.peek() == UInt8(ascii: "[") else {
            best = try Self.decimal(&scanner)
            return
        }
        try scanner.beginArray()
        while true {
            try scanner.plainLevels(into: &levels)
            guard try scanner.nextElement() else { return }
            try scanner.beginArray()
            guard try scanner.nextElement(), let price = try Self.decimal(&scanner), try scanner.nextElement(),
                let amount = try Self.decimal(&scanner)
            else { throw scanner.error(.number) }
            while try scanner.nextElement() { try scanner.skipValue() }
            guard price.isPositive, !amount.isNegative else { throw scanner.error(.number) }
            levels.append(PriceLevel(price: price, amount: amount))
        }
    }

    // MARK: - Values, nil where another kind of value stands

    private static func string(_ scanner: inout JSONScanner) throws(JSONError) -> JSONScanner.Text? {
        if scanner.peek() == UInt8(ascii: "\"") { return try scanner.string() }
        try scanner.skipValue()
        return nil
    }

    private static func integer(_ scanner: inout JSONScanner) throws(JSONError) -> Int64? {
        if let number = try number(&scanner) { return number }
        try scanner.skipValue()
        return nil
    }

    /// Nothing is read when no number comes.
    private static func number(_ scanner: inout JSONScanner) throws(JSONError) -> Int64? {
        let next = scanner.peek()
        guard next == UInt8(ascii: "-") || next &- 48 < 10 else { return nil }
        return try scanner.integer()
    }

    private static func decimal(_ scanner: inout JSONScanner) throws(JSONError) -> FixedDecimal? {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            try scanner.skipValue()
            return nil
        }
        var units: Int64 = 0
        if scanner.plainDecimal(&units) { return FixedDecimal(hundredMillionths: units) }
        let place = scanner.offset
        let text = try scanner.string()
        if text.count == 0 { return nil }
        do throws(DecimalTextError) { return try FixedDecimal(utf8: scanner.content(of: text)) } catch {
            throw JSONError(offset: place, expected: .number)
        }
    }
}
