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
        for level in changes {
            let place = levels.withUnsafeBufferPointer { countBetter(than: level.price, in: $0, isBetter) }
            let isThere = place < levels.count && levels[place].price == level.price
            if level.amount.isZero {
                if isThere { levels.remove(at: place) }
            } else if isThere {
                levels[place].amount = level.amount
            } else {
                levels.insert(level, at: place)
            }
        }
    }

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
        while count > 1 {
            let half = count >> 1
            low = isBetter(base[low &+ half &- 1].price, price) ? low &+ half : low
            count &-= half
        }
        return isBetter(base[low].price, price) ? low &+ 1 : low
    }
}
