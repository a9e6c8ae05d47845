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
        for level in change.bids { Self.set(level, in: &bids) { $0 > $1 } }
        for level in change.asks { Self.set(level, in: &asks) { $0 < $1 } }
    }

    private static func set(
        _ level: PriceLevel, in levels: inout [PriceLevel], isBetter: (FixedDecimal, FixedDecimal) -> Bool
    ) {
        var (low, high) = (0, levels.count)
        while low < high {
            let middle = (low + high) / 2
            if isBetter(levels[middle].price, level.price) { low = middle + 1 } else { high = middle }
        }
        let isThere = low < levels.count && levels[low].price == level.price
        if level.amount.isZero {
            if isThere { levels.remove(at: low) }
        } else if isThere {
            levels[low].amount = level.amount
        } else {
            levels.insert(level, at: low)
        }
    }
}
