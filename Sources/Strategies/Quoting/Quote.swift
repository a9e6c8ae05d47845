public import TradingCore

/// A price and quantity that a strategy wants to show on one side.
public struct Quote: Hashable, Sendable {
    public var side: Side
    /// Which rung of the ladder, from 0 at the touch. A live order keeps its level, so that it can be compared.
    public var level: UInt8
    public var price: Price
    public var quantity: Quantity
    public var isPostOnly: Bool

    public init(side: Side, level: UInt8, price: Price, quantity: Quantity, isPostOnly: Bool = true) {
        self.side = side
        self.level = level
        self.price = price
        self.quantity = quantity
        self.isPostOnly = isPostOnly
    }
}

/// Everything that a strategy wants to rest.
public struct WantedQuotes: Sendable {
    /// At most one per side and level.
    public var quotes: [Quote] = []
    /// Live orders to leave alone, beside the quotes: they wait for their fill after that of their pair, or may stay while
    /// their side shows nothing new.
    public var hanging: [ClientOrderID] = []

    public init() {}

    public mutating func removeAll() {
        // One by one: there are few, and `removeAll(keepingCapacity:)` costs as much as ten.
        while !quotes.isEmpty { quotes.removeLast() }
        while !hanging.isEmpty { hanging.removeLast() }
    }
}

/// When a live order is good enough to be left in its place in the queue.
public struct QuoteTolerance: Hashable, Sendable {
    /// How far the wanted price may lie from the order's, in ticks.
    public var ticks: Int64
    /// The same as a fraction of the price, in 10⁻¹²; the larger of the two holds.
    public var trillionths: Int64
    /// After so long an order is replaced even when its price is right; nil: never.
    public var maximumAgeNanoseconds: Int64?
    /// Send a replacement at once instead of waiting until the old order is known to be gone. Faster, and for a moment
    /// both may fill.
    public var overlapsReplacement: Bool

    public static let exact = QuoteTolerance()

    public init(
        ticks: Int64 = 0, trillionths: Int64 = 0, maximumAgeNanoseconds: Int64? = nil, overlapsReplacement: Bool = false
    ) {
        self.ticks = ticks
        self.trillionths = trillionths
        self.maximumAgeNanoseconds = maximumAgeNanoseconds
        self.overlapsReplacement = overlapsReplacement
    }

    @inlinable
    public func accepts(_ live: Price, for wanted: Price) -> Bool {
        let distance = (live.ticks - wanted.ticks).magnitude
        if distance <= ticks.magnitude { return true }
        return trillionths > 0
            && Int128(distance) * 1_000_000_000_000 <= Int128(wanted.ticks) * Int128(trillionths)
    }
}
