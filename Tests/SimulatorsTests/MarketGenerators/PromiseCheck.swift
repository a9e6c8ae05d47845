import TradingCore

/// Replays records on a book of its own and finds the first that breaks a promise of the feed.
struct PromiseCheck: ~Copyable {
    private var book = OrderBook()
    private var lastTime = Timestamp.distantPast
    private var owed: (side: Side, ticks: Int64, lots: Int64)?
    private(set) var recordCount = 0
    private(set) var tradeCount = 0
    private(set) var problem: String?

    mutating func add(_ record: MarketRecord) {
        guard problem == nil else { return }
        if let found = check(record) { problem = "record \(recordCount): \(found): \(record)" }
        recordCount += 1
        lastTime = record.time
    }

    private mutating func check(_ record: MarketRecord) -> String? {
        if recordCount == 0, record.kind != .reset { return "not a reset first" }
        if recordCount == 1, record.kind != .snapshot { return "not a snapshot second" }
        if record.time < lastTime { return "back in time" }
        let (ticks, lots) = (record.price.ticks, record.quantity.lots)
        if record.kind == .trade {
            tradeCount += 1
            let resting = record.side.opposite
            if owed != nil { return "a trade before the last one's level" }
            if record.isLast { return "a trade without its level" }
            if ticks != book.bestTicks(resting) { return "a trade away from the touch" }
            let level = book.lots(resting, at: ticks)
            if lots <= 0 || lots > level { return "a trade of more than rests" }
            owed = (resting, ticks, level - lots)
            return nil
        }
        if let owed {
            if record.side != owed.side || ticks != owed.ticks || lots != owed.lots { return "not the level traded at" }
            self.owed = nil
        }
        if record.kind == .snapshot, lots <= 0 { return "an empty level in the snapshot" }
        if lots < 0 { return "a negative quantity" }
        book.apply(record)
        guard record.isLast else { return nil }
        if book.shape != .normal { return "a \(book.shape) book" }
        return book.bids.levelCount < 20 || book.asks.levelCount < 20 ? "fewer than 20 levels" : nil
    }
}
