import MarketData
import TradingCore

/// A market's records in exchange time, one after another, that can be put back to where it was.
struct PaperMarketFeed {
    /// Where a feed stands: the source as it was before its last read, and how much of that has been handed out.
    struct Position: Codable, Sendable {
        /// Of a generated market.
        var generated: GeneratedMarket?
        /// Of a recorded one: records handed out before the last read.
        var recordsBefore: Int
        /// Exchange time less the recording's own, of the first record; nil before it.
        var firstRecordAt: Timestamp?
        var recordedStart: Timestamp?
        /// Records of the last read that have been handed out.
        var next: Int
    }

    private enum Source {
        case generated(GeneratedMarket)
        case recorded(any MarketSource, speed: Double)
        /// Nothing here: a live market's records come as they come.
        case live
    }

    private var source: Source
    private var position: Position
    private var records: [MarketRecord] = []
    private let genesis: Timestamp

    init(_ source: PaperExchangeConfiguration.Source, genesis: Timestamp) throws {
        self.genesis = genesis
        position = Position(generated: nil, recordsBefore: 0, firstRecordAt: nil, recordedStart: nil, next: 0)
        switch source {
        case .generated(let seed, var configuration):
            configuration.start = genesis
            self.source = .generated(GeneratedMarket(seed: seed, configuration: configuration))
        case .recorded(_, let speed, let open): self.source = .recorded(try open(), speed: speed)
        case .live: self.source = .live
        }
    }

    /// Takes up a feed where it stood.
    init(_ source: PaperExchangeConfiguration.Source, genesis: Timestamp, at position: Position) throws {
        try self.init(source, genesis: genesis)
        self.position = position
        switch self.source {
        case .generated: if let market = position.generated { self.source = .generated(market) }
        case .recorded(var market, let speed):
            try PaperMarketFeed.skip(position.recordsBefore, &market)
            self.source = .recorded(market, speed: speed)
        case .live: break
        }
        let next = position.next
        if next > 0 {
            try read()
            self.position.next = next
        }
    }

    /// The position to be stored.
    var checkpoint: Position { position }

    /// The next record's time; nil at the end of the recording.
    mutating func nextTime() throws -> Timestamp? {
        while position.next >= records.count {
            guard try read() else { return nil }
        }
        return records[position.next].time
    }

    /// The next record; ``nextTime()`` has said that there is one.
    mutating func take() -> MarketRecord {
        defer { position.next += 1 }
        return records[position.next]
    }

    @discardableResult
    private mutating func read() throws -> Bool {
        position.recordsBefore += records.count
        records.removeAll(keepingCapacity: true)
        position.next = 0
        switch source {
        case .generated(var market):
            position.generated = market
            let hasMore = market.read(into: &records)
            source = .generated(market)
            return hasMore
        case .recorded(var market, let speed):
            let hasMore = try market.read(into: &records)
            source = .recorded(market, speed: speed)
            restamp(speed)
            return hasMore
        case .live: return false
        }
    }

    /// From the recording's time to the exchange's.
    private mutating func restamp(_ speed: Double) {
        guard let first = records.first else { return }
        let start = position.recordedStart ?? first.time
        position.recordedStart = start
        for index in records.indices {
            let passed = Double(records[index].time.nanoseconds(since: start)) / speed
            records[index].time = genesis.advanced(byNanoseconds: Int64(min(passed, 9e18)))
        }
    }

    private static func skip(_ count: Int, _ market: inout any MarketSource) throws {
        var skipped = 0
        var scratch: [MarketRecord] = []
        while skipped < count {
            scratch.removeAll(keepingCapacity: true)
            guard try market.read(into: &scratch) else { return }
            skipped += scratch.count
        }
    }
}
