public import TradingCore

/// A price in millionths of a tick: fine enough for mids and weighted prices, exact enough to be compared.
public struct ReferencePrice: Hashable, Comparable, Sendable {
    public static let perTick: Int64 = 1_000_000

    public var microticks: Int64

    @inlinable
    public init(microticks: Int64) {
        self.microticks = microticks
    }

    /// Held at the highest price that an order can have, so that arithmetic on references has room.
    @inlinable
    public init(_ price: Price) {
        microticks = min(price.ticks, OrderRules.maximumTicks) * ReferencePrice.perTick
    }

    /// - Returns: nil unless the price is positive and one that an order can have.
    public init?(_ price: FixedDecimal, unit: BookUnit) {
        guard let ticks = try? price.divided(by: unit.price, rounding: .halfEven),
            let microticks = try? ticks.multiplied(by: ReferencePrice.perTick).count(of: .one, rounding: .halfEven),
            microticks > 0, microticks <= OrderRules.maximumTicks * ReferencePrice.perTick
        else { return nil }
        self.microticks = microticks
    }

    public static func < (left: ReferencePrice, right: ReferencePrice) -> Bool { left.microticks < right.microticks }

    /// Whether the two lie further apart than a fraction of this one, in 10⁻¹².
    public func isFurther(from other: ReferencePrice, thanTrillionths fraction: Int64) -> Bool {
        Int128((microticks - other.microticks).magnitude) * 1_000_000_000_000
            > Int128(microticks) * Int128(fraction)
    }
}

/// The touch of a market as if the session's own orders, and depth too small to mean anything, were not there.
public struct ForeignTouch: Hashable, Sendable {
    public var bid: BookLevel?
    public var ask: BookLevel?

    /// - Parameters:
    ///   - minimumLots: how much must stand at or before a level for it to count.
    public init(_ book: borrowing OrderBook, without own: [OwnOrder], minimumLots: Int64) {
        bid = ForeignTouch.best(.buy, book, own, minimumLots)
        ask = ForeignTouch.best(.sell, book, own, minimumLots)
    }

    /// A best bid above the best ask.
    public var isCrossed: Bool {
        guard let bid, let ask else { return false }
        return bid.price > ask.price
    }

    /// A price brought between the sides that stand.
    func held(_ price: ReferencePrice) -> ReferencePrice {
        var price = price
        if let bid { price = max(price, ReferencePrice(bid.price)) }
        if let ask { price = min(price, ReferencePrice(ask.price)) }
        return price
    }

    private static func best(
        _ side: Side, _ book: borrowing OrderBook, _ own: [OwnOrder], _ minimumLots: Int64
    ) -> BookLevel? {
        var ticks = book.bestTicks(side)
        var seen: Int64 = 0
        while ticks != 0, ticks != .max {
            var lots = book.lots(side, at: ticks)
            for order in own where order.side == side && order.price.ticks == ticks { lots -= order.remaining.lots }
            if lots > 0 {
                let overflow: Bool
                (seen, overflow) = seen.addingReportingOverflow(lots)
                if overflow || seen >= minimumLots {
                    return BookLevel(price: Price(ticks: ticks), quantity: Quantity(lots: lots))
                }
            }
            ticks = book.nextTicks(side, after: ticks)
        }
        return nil
    }
}
