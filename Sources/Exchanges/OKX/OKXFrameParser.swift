import TradingCore

/// One state or change of a book as a frame tells it.
struct OKXBookFrame: Hashable, Sendable {
    var bids: [PriceLevel] = []
    var asks: [PriceLevel] = []
    var time: Int64 = 0
    /// 0: none is told, as since June 2026.
    var checksum: Int64 = 0
    /// The number that this change follows; -1 for a snapshot. Older servers send none.
    var previous: Int64?
    var sequence: Int64?
}

/// The states of one frame: nearly always one, which then needs no array.
struct OKXBookFrames: Sendable {
    var first = OKXBookFrame()
    var others: [OKXBookFrame] = []
    var isEmpty = true

    mutating func append(_ frame: OKXBookFrame) {
        if isEmpty { first = frame } else { others.append(frame) }
        isEmpty = false
    }
}

/// A frame as far as it is read in one go. Instruments are where the frame names them.
enum OKXMessage: Sendable {
    case books(OKXBookChannel, instrument: JSONScanner.Text, isSnapshot: Bool, OKXBookFrames)
    case trades(instrument: JSONScanner.Text, [ExchangeTrade])
    /// Everything else, whole.
    case other(JSONValue)
}

enum OKXBookChannel: Sendable {
    /// Told whole, then by its changes.
    case incremental
    /// The best five levels, whole each time.
    case best5
    /// The best level.
    case best
}

struct OKXFrameError: Error, Equatable, Sendable {
    var cause: JSONError
    /// The instrument whose book the frame was about, if that much could be read.
    var bookOf: String?
}

/// Reads frames from their bytes: books and trades straight into levels and trades, the rest as values.
/// Source: www.okx.com/docs-v5, "WS / Order book channel", "WS / Trades channel".
enum OKXFrameParser {
    private struct Header {
        var book: OKXBookChannel?
        var isTrade = false
        var instrument = JSONScanner.Text.none
        var isSnapshot = false
        var hasAction = false

        /// Whether `data` can be read now: of the incremental books the action must be known.
        var isComplete: Bool { isTrade || hasAction && book != nil || book == .best5 || book == .best }

        mutating func read(channel: JSONScanner.Text, _ scanner: JSONScanner) throws(JSONError) {
            (book, isTrade) = (nil, false)
            guard !channel.hasEscapes else {
                let name = try scanner.unescaped(channel)
                read(channel: name)
                return
            }
            if scanner.matches(channel, "books") {
                book = .incremental
            } else if scanner.matches(channel, "trades") {
                isTrade = true
            } else {
                read(channel: String(decoding: scanner.content(of: channel), as: UTF8.self))
            }
        }

        private mutating func read(channel: String) {
            switch channel {
            case "bbo-tbt": book = .best
            case "books5": book = .best5
            case "trades", "trades-all": isTrade = true
            default: book = channel.hasPrefix("books") ? .incremental : nil
            }
        }
    }

    static func parse(_ bytes: UnsafeRawBufferPointer) throws(OKXFrameError) -> OKXMessage {
        var header = Header()
        do throws(JSONError) {
            return try parse(bytes, &header)
        } catch {
            let scanner = JSONScanner(bytes)
            let instrument = header.book == nil ? nil : try? scanner.unescaped(header.instrument)
            throw OKXFrameError(cause: error, bookOf: instrument)
        }
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ header: inout Header
    ) throws(JSONError) -> OKXMessage {
        var scanner = JSONScanner(bytes)
        var message: OKXMessage?
        var skipped: Int?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "arg") {
                try readArgument(&scanner, &header)
            } else if scanner.matches(key, "action") {
                header.hasAction = true
                header.isSnapshot = scanner.matches(try scanner.string(), "snapshot")
            } else if scanner.matches(key, "data"), message == nil {
                if header.isComplete {
                    message = try readData(&scanner, header)
                } else {
                    skipped = scanner.offset
                    try scanner.skipValue()
                }
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.finish()
        if let message { return message }
        guard header.isComplete || header.book != nil, let skipped else { return .other(try JSONValue(utf8: bytes)) }
        scanner.offset = skipped
        return try readData(&scanner, header)
    }

    private static func readArgument(_ scanner: inout JSONScanner, _ header: inout Header) throws(JSONError) {
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "channel") {
                try header.read(channel: try scanner.string(), scanner)
            } else if scanner.matches(key, "instId") {
                header.instrument = try scanner.string()
            } else {
                try scanner.skipValue()
            }
        }
    }

    private static func readData(_ scanner: inout JSONScanner, _ header: Header) throws(JSONError) -> OKXMessage {
        guard let channel = header.book else {
            var trades: [ExchangeTrade] = []
            try scanner.beginArray()
            while try scanner.nextElement() { trades.append(try readTrade(&scanner)) }
            return .trades(instrument: header.instrument, trades)
        }
        var frames = OKXBookFrames()
        try scanner.beginArray()
        while try scanner.nextElement() { frames.append(try readBook(&scanner)) }
        return .books(channel, instrument: header.instrument, isSnapshot: header.isSnapshot, frames)
    }

    private static func readBook(_ scanner: inout JSONScanner) throws(JSONError) -> OKXBookFrame {
        var frame = OKXBookFrame()
        var seen = (bids: false, asks: false, time: false)
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "asks") {
                seen.asks = true
                try scanner.priceLevels(into: &frame.asks)
            } else if scanner.matches(key, "bids") {
                seen.bids = true
                try scanner.priceLevels(into: &frame.bids)
            } else if scanner.matches(key, "ts") {
                seen.time = true
                frame.time = try scanner.looseInteger()
            } else if scanner.matches(key, "checksum") {
                frame.checksum = try scanner.looseInteger()
            } else if scanner.matches(key, "prevSeqId") {
                frame.previous = try scanner.looseInteger()
            } else if scanner.matches(key, "seqId") {
                frame.sequence = try scanner.looseInteger()
            } else {
                try scanner.skipValue()
            }
        }
        guard seen.bids, seen.asks, seen.time else { throw scanner.error(.key) }
        return frame
    }

    /// A trade without its symbol, which the session knows.
    private static func readTrade(_ scanner: inout JSONScanner) throws(JSONError) -> ExchangeTrade {
        var trade = ExchangeTrade()
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            if scanner.matches(key, "tradeId") {
                trade.id = try scanner.unescaped(try scanner.string())
            } else if scanner.matches(key, "px") {
                trade.price = try scanner.quotedDecimal()
            } else if scanner.matches(key, "sz") {
                trade.amount = try scanner.quotedDecimal()
            } else if scanner.matches(key, "side") {
                let word = try scanner.string()
                trade.side = scanner.matches(word, "buy") ? .buy : scanner.matches(word, "sell") ? .sell : nil
            } else if scanner.matches(key, "ts") {
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
