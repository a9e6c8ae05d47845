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
        Self.set(change.bids, in: &bids, isDescending: true)
        Self.set(change.asks, in: &asks, isDescending: false)
    }

    @inline(__always)
    private static func set(_ changes: [PriceLevel], in levels: inout [PriceLevel], isDescending: Bool) {
        var next = 0
        while let (index, place, isThere) = change(&levels, by: changes, from: &next, isDescending) {
            if isThere { levels.remove(at: place) } else { levels.insert(changes[index], at: place) }
        }
    }

    /// Gives levels that are there their new amounts, which most changes do, without looking at the array each time.
    /// - Returns: the first change that takes a level away or brings a new one, and where; nil at the end.
    @inline(__always)
    private static func change(
        _ levels: inout [PriceLevel], by changes: [PriceLevel], from next: inout Int, _ isDescending: Bool
    ) -> (index: Int, place: Int, isThere: Bool)? {
        levels.withUnsafeMutableBufferPointer { levels in
            changes.withUnsafeBufferPointer { changes in
                var evenly = EvenLevels(UnsafeBufferPointer(levels), isDescending: isDescending)
                while next < changes.count {
                    let (index, level) = (next, changes[next])
                    next &+= 1
                    let place =
                        evenly.place(of: level.price, in: UnsafeBufferPointer(levels))
                        ?? countBetter(than: level.price, in: UnsafeBufferPointer(levels), isDescending)
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
    fileprivate static let top = 32

    /// How many levels are better. Which half a price lies in is as good as random, so each step is a choice of numbers
    /// rather than a branch.
    @inline(__always)
    private static func countBetter(
        than price: FixedDecimal, in levels: UnsafeBufferPointer<PriceLevel>, _ isDescending: Bool
    ) -> Int {
        @inline(__always)
        func isBetter(_ level: PriceLevel) -> Bool { isDescending ? level.price > price : level.price < price }
        guard let base = levels.baseAddress, !levels.isEmpty else { return 0 }
        var low = 0
        var count = levels.count
        if count > top, !isBetter(base[top &- 1]) { count = top }
        while count > 1 {
            let half = count >> 1
            low = isBetter(base[low &+ half &- 1]) ? low &+ half : low
            count &-= half
        }
        return isBetter(base[low]) ? low &+ 1 : low
    }
}

/// Where a price stands if the best levels lie at even distances, as in markets that trade much they nearly do: one look instead of
/// five or six that wait for each other. Two misses, and the rest of a side is searched for.
private struct EvenLevels {
    private let best: Int128
    private let isDescending: Bool
    /// Levels in one unit of ``distance(_:)``.
    private let density: Double
    private var misses = 0

    init(_ levels: UnsafeBufferPointer<PriceLevel>, isDescending: Bool) {
        self.isDescending = isDescending
        let last = min(levels.count, DepthBook.top) - 1
        guard last > 0 else {
            (best, density, misses) = (0, 0, 2)
            return
        }
        best = levels[0].price.raw
        let span = EvenLevels.distance(levels[last].price.raw, best, isDescending)
        density = span > 0 ? Double(last) / Double(span) : 0
        if span <= 0 { misses = 2 }
    }

    /// How much worse a price is, in units of 2³² · 10⁻¹⁸, wrapping around: fine enough to guess with, and a word.
    @inline(__always)
    private static func distance(_ price: Int128, _ best: Int128, _ isDescending: Bool) -> Int64 {
        Int64(truncatingIfNeeded: (isDescending ? best &- price : price &- best) >> 32)
    }

    /// - Returns: nil where it is not where it would be.
    @inline(__always)
    mutating func place(of price: FixedDecimal, in levels: UnsafeBufferPointer<PriceLevel>) -> Int? {
        guard misses < 2 else { return nil }
        let place = Double(EvenLevels.distance(price.raw, best, isDescending)) * density + 0.5
        if place >= 0, place < Double(levels.count), levels[Int(place)].price == price { return Int(place) }
        misses &+= 1
        return nil
    }
}
