import TradingCore

/// The generated book: quantity by tick in a ring around the price, so memory is fixed however far the price wanders.
///
/// A value, unlike ``OrderBook``, because a ``GeneratedMarket`` can be copied. Bids and asks share the ring: every bid
/// lies below every ask, and the levels of a side lie within ``depth`` ticks of its best.
struct PriceLadder: Sendable {
    /// How far from its side's best price a level may lie, in ticks.
    let depth: Int64
    private(set) var bestBid: Int64
    private(set) var bestAsk: Int64
    private(set) var bidCount = 0
    private(set) var askCount = 0
    /// Lots by tick, modulo the ring's size.
    private var quantities: [Int64]
    /// One bit per tick: whether a level is there.
    private var occupied: [UInt64]
    private let mask: Int64

    /// An empty book around `bestBid` and the tick above it; both must be set before anything else is asked.
    init(depth: Int64, bestBid: Int64) {
        self.depth = depth
        self.bestBid = bestBid
        bestAsk = bestBid + 1
        // A side's levels span `depth`, and the spread never exceeds twice that.
        let size = Int64(1) << Int64(64 - (4 * depth + 128).leadingZeroBitCount)
        mask = size - 1
        quantities = Array(repeating: 0, count: Int(size))
        occupied = Array(repeating: 0, count: Int(size / 64))
    }

    var spread: Int64 { bestAsk - bestBid }
    /// Twice the mid price, in ticks.
    var doubleMid: Int64 { bestBid + bestAsk }

    func best(_ side: Side) -> Int64 { side == .buy ? bestBid : bestAsk }
    func count(_ side: Side) -> Int { side == .buy ? bidCount : askCount }
    func lots(at ticks: Int64) -> Int64 { quantities[Int(ticks & mask)] }
    func touchLots(_ side: Side) -> Int64 { lots(at: best(side)) }

    /// Sets a level's quantity; 0 removes it. The best price follows; a side must keep a level.
    mutating func set(_ side: Side, _ ticks: Int64, lots: Int64) {
        let index = Int(ticks & mask)
        let previous = quantities[index]
        quantities[index] = lots
        if previous == 0, lots > 0 {
            occupied[index >> 6] |= 1 << UInt64(index & 63)
            count(side, by: 1)
            if side == .buy { bestBid = max(bestBid, ticks) } else { bestAsk = min(bestAsk, ticks) }
        } else if previous > 0, lots == 0 {
            occupied[index >> 6] &= ~(1 << UInt64(index & 63))
            count(side, by: -1)
            guard ticks == best(side), let next = next(side, after: ticks, within: depth) else { return }
            if side == .buy { bestBid = next } else { bestAsk = next }
        }
    }

    private mutating func count(_ side: Side, by change: Int) {
        if side == .buy { bidCount += change } else { askCount += change }
    }

    /// The nearest level of `side` beyond `ticks`, away from the touch, at most `distance` ticks on.
    func next(_ side: Side, after ticks: Int64, within distance: Int64) -> Int64? {
        let found = side == .buy ? below(ticks, distance) : above(ticks, distance)
        guard let found, (found - ticks).magnitude <= distance.magnitude else { return nil }
        return found
    }

    private func above(_ ticks: Int64, _ distance: Int64) -> Int64? {
        var start = ticks + 1
        while start <= ticks + distance {
            let word = occupied[Int((start & mask) >> 6)] >> UInt64(start & 63)
            if word != 0 { return start + Int64(word.trailingZeroBitCount) }
            start = (start | 63) + 1
        }
        return nil
    }

    private func below(_ ticks: Int64, _ distance: Int64) -> Int64? {
        var start = ticks - 1
        while start >= ticks - distance {
            let word = occupied[Int((start & mask) >> 6)] << UInt64(63 - (start & 63))
            if word != 0 { return start - Int64(word.leadingZeroBitCount) }
            start = (start & ~63) - 1
        }
        return nil
    }
}

/// Levels alone, not the ring: most of it is empty.
extension PriceLadder: Codable {
    private enum Key: CodingKey { case depth, bestBid, bestAsk, bidCount, askCount, levels }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            depth: try container.decode(Int64.self, forKey: .depth),
            bestBid: try container.decode(Int64.self, forKey: .bestBid))
        bestAsk = try container.decode(Int64.self, forKey: .bestAsk)
        bidCount = try container.decode(Int.self, forKey: .bidCount)
        askCount = try container.decode(Int.self, forKey: .askCount)
        let levels = try container.decode([Int64].self, forKey: .levels)
        for pair in stride(from: 0, to: levels.count - 1, by: 2) {
            let index = Int(levels[pair] & mask)
            quantities[index] = levels[pair + 1]
            occupied[index >> 6] |= 1 << UInt64(index & 63)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(depth, forKey: .depth)
        try container.encode(bestBid, forKey: .bestBid)
        try container.encode(bestAsk, forKey: .bestAsk)
        try container.encode(bidCount, forKey: .bidCount)
        try container.encode(askCount, forKey: .askCount)
        let levels = quantities.indices.filter { quantities[$0] != 0 }.flatMap { [Int64($0), quantities[$0]] }
        try container.encode(levels, forKey: .levels)
    }
}
