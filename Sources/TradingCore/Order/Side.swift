/// The side of the book an order rests on, or a trade's aggressor.
public enum Side: UInt8, Codable, Sendable, CaseIterable {
    case buy = 1
    case sell = 2

    @inlinable public var opposite: Side { self == .buy ? .sell : .buy }
    /// 1 for a buy, -1 for a sell.
    @inlinable public var sign: Int64 { self == .buy ? 1 : -1 }

    /// Whether `price` is more aggressive than `other` on this side: a higher bid, a lower ask.
    @inlinable
    public func isBetter(_ price: Price, than other: Price) -> Bool {
        self == .buy ? price.ticks > other.ticks : price.ticks < other.ticks
    }

    /// Whether an order of this side at `limit` would trade against a resting order at `price`.
    @inlinable
    public func crosses(_ limit: Price, _ price: Price) -> Bool {
        self == .buy ? limit.ticks >= price.ticks : limit.ticks <= price.ticks
    }
}
