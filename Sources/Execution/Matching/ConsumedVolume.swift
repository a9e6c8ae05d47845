import TradingCore

/// Recorded volume that orders of accounts have taken and the feed does not know about.
///
/// A level's volume minus this is what can still be traded. It shrinks only as the feed shows less: when the level
/// drops below what was taken, the taken part is what dropped.
struct ConsumedVolume: Sendable {
    private struct Level: Codable, Sendable {
        var side: Side
        var ticks: Int64
        var lots: Int64
    }

    private var levels: [Level] = []
    private var filter = TickFilter()

    var isEmpty: Bool { levels.isEmpty }

    /// Whether something may have been consumed at a price, on either side.
    @inline(__always)
    func mayHold(_ ticks: Int64) -> Bool { filter.mayHold(ticks) }

    func lots(_ side: Side, _ ticks: Int64) -> Int64 {
        for level in levels where level.ticks == ticks && level.side == side { return level.lots }
        return 0
    }

    mutating func add(_ lots: Int64, _ side: Side, _ ticks: Int64) {
        for index in levels.indices where levels[index].ticks == ticks && levels[index].side == side {
            levels[index].lots += lots
            return
        }
        levels.append(Level(side: side, ticks: ticks, lots: lots))
        measure()
    }

    mutating func levelChanged(_ side: Side, _ ticks: Int64, to lots: Int64) {
        for index in levels.indices where levels[index].ticks == ticks && levels[index].side == side {
            limit(index, to: lots)
            return
        }
    }

    /// Nothing is better than the top, and the top holds so much.
    mutating func topChanged(_ side: Side, _ ticks: Int64, to lots: Int64) {
        guard !levels.isEmpty else { return }
        let top = Price(ticks: ticks)
        for index in levels.indices.reversed() where levels[index].side == side {
            let price = Price(ticks: levels[index].ticks)
            if price == top {
                limit(index, to: lots)
            } else if side.isBetter(price, than: top) {
                remove(index)
            }
        }
    }

    /// The visible book is another one than before.
    mutating func limit(to book: borrowing OrderBook) {
        for index in levels.indices.reversed() {
            limit(index, to: book.lots(levels[index].side, at: levels[index].ticks))
        }
    }

    private mutating func limit(_ index: Int, to lots: Int64) {
        if lots <= 0 { remove(index) } else { levels[index].lots = min(levels[index].lots, lots) }
    }

    private mutating func remove(_ index: Int) {
        levels.remove(at: index)
        measure()
    }

    private mutating func measure() {
        guard let first = levels.first else {
            filter = TickFilter()
            return
        }
        var (low, high) = (first.ticks, first.ticks)
        for level in levels { (low, high) = (min(low, level.ticks), max(high, level.ticks)) }
        filter.reset(low, high)
        for level in levels { filter.insert(level.ticks) }
    }
}

extension ConsumedVolume: Codable {
    init(from decoder: any Decoder) throws {
        self.init()
        for level in try decoder.singleValueContainer().decode([Level].self) {
            add(level.lots, level.side, level.ticks)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(levels)
    }
}
