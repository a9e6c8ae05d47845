/// One side of a price-level book: quantity per tick, best level and next level in constant time.
///
/// Levels live in pages of 64 ticks; one bit per tick says which are occupied, one bit per page which pages are, one bit
/// per 64 pages where to look. So a book spread over millions of ticks costs memory only where there are levels, finding
/// the next level is a few bit scans, and nothing is compared or shifted as in a sorted array. Emptied pages are reused:
/// memory follows the number of live levels, not the number ever seen.
///
/// Over the levels lies an optional *top*: the best price and quantity from a faster stream (Binance `bookTicker`),
/// newer than the levels. While it is set, levels better than it are hidden and its own level shows its quantity.
public struct BookSide: ~Copyable, @unchecked Sendable {
    // Sendable by construction: the storage is owned by this one value, which cannot be copied, and is reached only
    // through it.

    public static let maximumTicks: Int64 = 1 << 34

    public let side: Side
    /// 0 where there is no level for bids, `Int64.max` for asks: never crosses anything.
    @usableFromInline let none: Int64
    @usableFromInline var storedBest: Int64
    @usableFromInline var topTicks: Int64
    @usableFromInline var topLots: Int64 = 0
    @usableFromInline var hasTop = false
    /// How many levels are stored, hidden ones included.
    public var levelCount: Int { storedLevels }
    @usableFromInline var storedLevels = 0
    @usableFromInline var pages = LevelPages()
    private let inPlace = InPlace()

    public init(_ side: Side) {
        self.side = side
        none = side == .buy ? 0 : .max
        storedBest = none
        topTicks = none
    }

    // MARK: - Reading

    /// The best visible price; nil when the side is empty.
    @inlinable
    public var best: Price? {
        let ticks = bestTicks
        return ticks == none ? nil : Price(ticks: ticks)
    }

    /// The best visible price in ticks; 0 for empty bids, `Int64.max` for empty asks.
    @inlinable
    public var bestTicks: Int64 {
        guard hasTop else { return storedBest }
        return topLots > 0 ? topTicks : storedNext(after: topTicks)
    }

    /// The visible quantity at a price.
    @inlinable
    public func lots(at ticks: Int64) -> Int64 {
        if hasTop {
            if ticks == topTicks { return topLots }
            if isBetter(ticks, than: topTicks) { return 0 }
        }
        return pages.lots(at: ticks)
    }

    /// Whether a newer top is laid over the level at `ticks`, so that a level update says nothing new about it.
    @inlinable
    public func isCovered(_ ticks: Int64) -> Bool {
        hasTop && (ticks == topTicks || isBetter(ticks, than: topTicks))
    }

    /// The next visible price after `ticks`, away from the touch; ``none``'s value when there is no more.
    @inlinable
    public func nextTicks(after ticks: Int64) -> Int64 {
        if hasTop, isBetter(ticks, than: topTicks) { return bestTicks }
        return storedNext(after: ticks)
    }

    @inlinable
    public func isEmptyMarker(_ ticks: Int64) -> Bool { ticks == none }

    @inlinable
    public var isEmpty: Bool { bestTicks == none }

    /// The best price of the stored levels alone, without the top.
    public var storedBestPrice: Price? { storedBest == none ? nil : Price(ticks: storedBest) }

    /// The stored quantity at a price, without the top.
    public func storedLots(at ticks: Int64) -> Int64 { pages.lots(at: ticks) }

    // MARK: - Writing

    /// Sets a level's absolute quantity; 0 removes it.
    /// - Parameter ticks: 1 to ``maximumTicks``, checked by whoever reads the feed.
    /// - Returns: what the stored level held before.
    @inlinable @inline(__always) @discardableResult
    public mutating func set(_ ticks: Int64, lots: Int64) -> Int64 {
        let previous = pages.set(ticks, lots: lots)
        // Counted without a branch: whether a level comes, goes or changes is as good as random.
        storedLevels &+= (lots == 0 ? 0 : 1) &- (previous == 0 ? 0 : 1)
        let best = storedBest
        if ticks == best {
            if lots == 0 { storedBest = storedNext(after: ticks) }
            return previous
        }
        // An empty side's best is one that every price is better than. No branch here either.
        let improves = (isBetter(ticks, than: best) ? 1 : 0) & (lots == 0 ? 0 : 1)
        storedBest = improves == 1 ? ticks : best
        return previous
    }

    /// Lays the newest best price over the levels. `lots` 0 says that nothing is left at or better than `ticks`.
    @inlinable
    public mutating func setTop(_ ticks: Int64, lots: Int64) {
        hasTop = true
        topTicks = ticks
        topLots = lots
    }

    /// Shows the levels again as they are stored.
    @inlinable
    public mutating func clearTop() {
        hasTop = false
    }

    public mutating func removeAll() {
        pages.removeAll()
        storedBest = none
        storedLevels = 0
        hasTop = false
    }

    @inlinable
    func isBetter(_ left: Int64, than right: Int64) -> Bool { side == .buy ? left > right : left < right }

    @inlinable
    func storedNext(after ticks: Int64) -> Int64 {
        if side == .buy { return pages.highest(below: ticks) ?? none }
        return pages.lowest(above: ticks) ?? none
    }
}
