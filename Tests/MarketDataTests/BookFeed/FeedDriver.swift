import Exchanges
import TradingCore

@testable import MarketData

/// A message and its levels.
struct FeedMessage {
    var message: BinanceMessage
    var levels: [LevelChange] = []

    static func depth(_ first: Int64, _ last: Int64, at milliseconds: Int64 = 0, _ levels: [LevelChange]) -> FeedMessage
    {
        FeedMessage(
            message: .depthUpdate(
                BinanceDepthUpdate(
                    eventTime: Timestamp(nanoseconds: milliseconds * 1_000_000), firstID: first, lastID: last)),
            levels: levels)
    }

    static func ticker(_ id: Int64, bid: (Int64, Int64), ask: (Int64, Int64)) -> FeedMessage {
        FeedMessage(
            message: .bookTicker(
                BinanceBookTicker(
                    updateID: id, bid: BookLevel(price: Price(ticks: bid.0), quantity: Quantity(lots: bid.1)),
                    ask: BookLevel(price: Price(ticks: ask.0), quantity: Quantity(lots: ask.1)))))
    }

    static func trade(_ id: Int64, at milliseconds: Int64, _ side: Side, _ ticks: Int64, _ lots: Int64) -> FeedMessage {
        let time = Timestamp(nanoseconds: milliseconds * 1_000_000)
        return FeedMessage(
            message: .trade(
                BinanceTrade(
                    eventTime: time, tradeTime: time, id: id, price: Price(ticks: ticks),
                    quantity: Quantity(lots: lots), aggressor: side)))
    }

    static func snapshot(_ id: Int64, _ levels: [LevelChange]) -> FeedMessage {
        FeedMessage(message: .snapshot(lastUpdateID: id), levels: levels)
    }
}

/// A feed and a consumer's book built from nothing but its records, checked against each other after every message.
final class FeedDriver {
    var feed: BookFeed
    var consumer = OrderBook()
    /// Whether the consumer may trust its book.
    var isTrusted = false
    var records: [MarketRecord] = []
    private var clock: Int64 = 0

    init(unit: BookUnit, maximumSilence: Int64 = 1_000) throws {
        feed = BookFeed(
            parser: try BinanceStreamParser(symbol: nil, unit: unit), maximumSilence: maximumSilence)
    }

    convenience init() throws {
        try self.init(unit: BookUnit(price: "0.01", quantity: "0.00000001"))
    }

    /// - Returns: the records of this message.
    @discardableResult
    func receive(_ message: FeedMessage, at time: Timestamp? = nil) -> (BookFeed.Request, [MarketRecord]) {
        clock += 1
        records.removeAll(keepingCapacity: true)
        let request = feed.receive(
            message.message, levels: message.levels, at: time ?? Timestamp(nanoseconds: clock), into: &records)
        for record in records {
            consumer.apply(record)
            if record.kind == .gap { isTrusted = false }
            if record.kind == .reset { isTrusted = true }
        }
        return (request, records)
    }

    // What `#expect` asks about: it copies what it looks at, which a feed and a book do not allow.
    var isSynced: Bool { feed.isSynced }
    var depthUpdateID: Int64? { feed.depthUpdateID }
    var bestBid: Int64 { feed.book.bestTicks(.buy) }
    var bestAsk: Int64 { feed.book.bestTicks(.sell) }
    var storedTop: (bid: BookLevel, ask: BookLevel) { feed.book.storedTop }
    var checksum: Int { feed.book.checksum }
    func lots(_ side: Side, at ticks: Int64) -> Int64 { feed.book.lots(side, at: ticks) }
    func ticks(_ side: Side) -> [Int64] { feed.book.levels(side, limit: 100).map(\.price.ticks) }
    func isStale(at now: Timestamp) -> Bool { feed.isStale(at: now) }
    func equals(_ book: PlainBook) -> Bool { book.equals(feed.book) }

    /// Gives the feed bytes as they come from a socket.
    func receive(_ text: String) throws(BinanceMessageError) {
        let result = Array(text.utf8).withUnsafeBytes { bytes in
            Result { () throws(BinanceMessageError) in
                try feed.receive(bytes, at: Timestamp(nanoseconds: clock), into: &records)
            }
        }
        _ = try result.get()
    }

    /// Whether the consumer knows of the book what the feed does.
    func agrees() -> Bool {
        guard isTrusted == feed.isSynced else { return false }
        guard feed.isSynced else { return true }
        return Side.allCases.allSatisfy { side in
            feed.book.bestTicks(side) == consumer.bestTicks(side)
                && feed.book.lots(side, at: feed.book.bestTicks(side))
                    == consumer.lots(side, at: consumer.bestTicks(side))
        } && feed.book.bids.levelCount == consumer.bids.levelCount
            && feed.book.asks.levelCount == consumer.asks.levelCount
            && feed.book.bids.storedBestPrice == consumer.bids.storedBestPrice
            && feed.book.asks.storedBestPrice == consumer.asks.storedBestPrice
    }
}

/// The messages of a recording in their order, with their receive times.
func messages(of path: String, unit: BookUnit, limit: Int = .max) throws -> [(time: Timestamp, message: FeedMessage)] {
    let parser = try BinanceStreamParser(symbol: nil, unit: unit)
    let buffer = try InputBuffer(InputFile(path: path))
    var messages: [(Timestamp, FeedMessage)] = []
    var levels: [LevelChange] = []
    while messages.count < limit, let (line, _) = try buffer.line() {
        var scanner = JSONScanner(line)
        let time = BinanceRecording.timestamp(try scanner.integer()) ?? .distantPast
        let message = try parser.parse(UnsafeRawBufferPointer(rebasing: line[scanner.offset...]), into: &levels)
        messages.append((time, FeedMessage(message: message, levels: levels)))
    }
    return messages
}
