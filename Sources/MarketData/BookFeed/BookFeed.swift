public import Exchanges
public import TradingCore

/// One instrument's live book from Binance's streams: checks the sequence, joins the slower depth stream with the faster
/// `bookTicker` and `trade` streams, and tells consumers what changed as ``MarketRecord``s.
///
/// The levels are exact as of ``depthUpdateID``. Over them lies the top:
/// - a `bookTicker` newer than the levels (by update id) shows its best prices until the levels reach its id;
/// - a trade changes the top only where no such `bookTicker` is known and its exchange time is later than the last depth
///   update's: recorded feeds show trades mostly after the `bookTicker` that contains them. The levels it ate stay hidden
///   until a depth update with a later exchange time, or any newer `bookTicker`.
///
/// Exchange times are compared with exchange times only; ages are counted by receive times only. No clock is read here.
public struct BookFeed: ~Copyable {
    /// What the caller has to do after a message.
    public enum Request: Equatable, Sendable {
        case nothing
        /// Fetch a snapshot (`GET /api/v3/depth`, 5000 levels), retrying until one comes, and give it to the feed.
        case fetchSnapshot
    }

    /// Where the top over the levels comes from.
    enum Top {
        case none
        case ticker(id: Int64)
        case trades(until: Timestamp)
    }

    /// Nanoseconds without any message after which ``isStale(at:)``.
    public let maximumSilence: Int64
    /// The levels and the top over them. While not ``isSynced`` it is the last book known, not to be traded on.
    public internal(set) var book = OrderBook()
    let parser: BinanceStreamParser
    var sync: BinanceBookSync
    var levels: [LevelChange] = []
    var top = Top.none
    var newestTicker: BinanceBookTicker?
    /// Of the last applied depth update; nil after a snapshot, which has none.
    var depthTime: Timestamp?
    var tradeIDs = RecentIDs()
    var wasSynced = false
    public internal(set) var lastReceived: Timestamp?

    /// - Parameter maximumSilence: nanoseconds; thin pairs are silent for a minute and more.
    public init(parser: BinanceStreamParser, maximumSilence: Int64, sync: BinanceBookSync = BinanceBookSync()) {
        self.parser = parser
        self.maximumSilence = maximumSilence
        self.sync = sync
    }

    /// Whether the book is whole and nothing is known to be missing.
    public var isSynced: Bool { wasSynced }

    /// Update id the levels stand at; nil before the first snapshot and after something was lost.
    public var depthUpdateID: Int64? { sync.lastID >= 0 ? sync.lastID : nil }

    /// Whether nothing was received for longer than ``maximumSilence``, or ever.
    public func isStale(at now: Timestamp) -> Bool {
        guard let lastReceived else { return true }
        return now.nanoseconds(since: lastReceived) > maximumSilence
    }

    // MARK: - Receiving

    /// Takes the bytes of one message.
    /// - Parameters:
    ///   - time: when it was received, by our clock.
    ///   - records: what changed is appended, the last record marked; nothing when nothing changed.
    /// - Throws: ``BinanceMessageError`` for a message that cannot be used. The book then counts as broken (a `gap` record
    ///   is appended) and a snapshot has to be fetched: ``isSynced`` is false until one comes.
    public mutating func receive(
        _ bytes: UnsafeRawBufferPointer, at time: Timestamp, into records: inout [MarketRecord]
    ) throws(BinanceMessageError) -> Request {
        let message: BinanceMessage
        do throws(BinanceMessageError) {
            message = try parser.parse(bytes, into: &levels)
        } catch {
            _ = resync(at: time, into: &records)
            throw error
        }
        return receive(message, at: time, into: &records)
    }

    /// Takes a parsed message, with the levels of a depth update or snapshot in the order they came.
    public mutating func receive(
        _ message: BinanceMessage, levels: [LevelChange], at time: Timestamp, into records: inout [MarketRecord]
    ) -> Request {
        self.levels.removeAll(keepingCapacity: true)
        self.levels.append(contentsOf: levels)
        return receive(message, at: time, into: &records)
    }

    /// Says that messages were lost (a dropped connection, an unreadable message): the book is not trusted until a new
    /// snapshot comes.
    public mutating func resync(at time: Timestamp, into records: inout [MarketRecord]) -> Request {
        let mustFetch = sync.invalidate()
        noteGap(at: time, into: &records)
        return mustFetch ? .fetchSnapshot : .nothing
    }

    private mutating func receive(
        _ message: BinanceMessage, at time: Timestamp, into records: inout [MarketRecord]
    ) -> Request {
        lastReceived = time
        switch message {
        case .depthUpdate(let update):
            return receive(update, at: time, into: &records)
        case .trade(let trade):
            receive(trade, at: time, into: &records)
        case .bookTicker(let ticker):
            receive(ticker, at: time, into: &records)
        case .snapshot(let id):
            return receiveSnapshot(id, at: time, into: &records)
        case .other:
            break
        }
        return .nothing
    }
}
