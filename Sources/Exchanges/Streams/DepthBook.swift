import TradingCore

/// A book of exact prices, for checksums and for those who want it whole. Sorted arrays: a feed's changes are near the top.
public struct DepthBook: Hashable, Sendable {
    /// The best price first.
    public private(set) var bids: [PriceLevel] = []
    public private(set) var asks: [PriceLevel] = []

    public init() {}

    public init(_ book: ExchangeBook) {
        bids = book.bids
        asks = book.asks
    }

    public mutating func apply(_ change: BookChange) {
        Self.set(change.bids, in: &bids) { $0 > $1 }
        Self.set(change.asks, in: &asks) { $0 < $1 }
    }

    @inline(__always)
    private static func set(
        _ changes: [PriceLevel], in levels: inout [PriceLevel], isBetter: (FixedDecimal, FixedDecimal) -> Bool
    ) {
        var next = 0
        while let (index, place, isThere) = change(&levels, by: changes, from: &next, isBetter) {
            if isThere { levels.remove(at: place) } else { levels.insert(changes[index], at: place) }
        }
    }

    /// Gives levels that are there their new amounts, which most changes do, without looking at the array each time.
    /// - Returns: the first change that takes a level away or brings a new one, and where; nil at the end.
    @inline(__always)
    private static func change(
        _ levels: inout [PriceLevel], by changes: [PriceLevel], from next: inout Int,
        _ isBetter: (FixedDecimal, FixedDecimal) -> Bool
    ) -> (index: Int, place: Int, isThere: Bool)? {
        levels.withUnsafeMutableBufferPointer { levels in
            changes.withUnsafeBufferPointer { changes in
                while next < changes.count {
                    let (index, level) = (next, changes[next])
                    next &+= 1
                    let place = countBetter(than: level.price, in: UnsafeBufferPointer(levels), isBetter)
                    let isThere = place < levels.count && levels[place].price == level.price
                    if level.amount.isZero {
                        if isThere { return (index, place, true) }
                    } else if isThere {
                        levels[place].amount = level.amount
                    } else {
                        return (index, place, false)
                    }
                }
                return nil
            }
        }
    }

    /// Changes are mostly among so many best levels.
    private static let top = 32

    /// How many levels are better. Which half a price lies in is as good as random, so each step is a choice of numbers
    /// rather than a branch.
    @inline(__always)
    private static func countBetter(
        than price: FixedDecimal, in levels: UnsafeBufferPointer<PriceLevel>,
        _ isBetter: (FixedDecimal, FixedDecimal) -> Bool
    ) -> Int {
        guard let base = levels.baseAddress, !levels.isEmpty else { return 0 }
        var low = 0
        var count = levels.count
        if count > top, !isBetter(base[top &- 1].price, price) { count = top }
        while count > 1 {
            let half = count >> 1
            low = isBetter(base[low &+ half &- 1].price, price) ? low &+ half : low
            count &-= half
        }
        return isBetter(base[low].price, price) ? low &+ 1 : low
    }
}
