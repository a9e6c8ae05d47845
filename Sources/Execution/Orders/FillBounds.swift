public import TradingCore

/// What a fill of an order can be, by what is known of the order.
public struct FillBounds: Hashable, Sendable {
    public var side: Side
    /// The worst price that it may trade at.
    public var limit: Price
    /// What has not traded yet.
    public var left: Quantity

    public init(side: Side, limit: Price, left: Quantity) {
        self.side = side
        self.limit = limit
        self.left = left
    }

    /// Of an order of which only the side is sure.
    static func unknown(_ side: Side) -> FillBounds {
        FillBounds(side: side, limit: Price(ticks: side == .buy ? .max : 1), left: Quantity(lots: .max))
    }

    /// Why a fill that was not told before cannot be the order's; nil when it can.
    public func mismatch(_ fill: Fill) -> FillMismatch? {
        if fill.side != side { return .side(ordered: side) }
        if fill.price.ticks <= 0 || fill.quantity.lots <= 0 { return .nothing }
        let isWorse = side == .buy ? fill.price.ticks > limit.ticks : fill.price.ticks < limit.ticks
        if isWorse { return .price(limit: limit) }
        return fill.quantity.lots > left.lots ? .quantity(left: left) : nil
    }
}

/// Why a fill cannot be of the order whose id it bears.
public enum FillMismatch: Hashable, Sendable {
    /// The order is of the other side.
    case side(ordered: Side)
    /// Nothing changed hands, or nothing was paid for it.
    case nothing
    /// The order has a better limit. Orders at the market have one too: they are sent as limits.
    case price(limit: Price)
    /// With it more would have traded than was ordered.
    case quantity(left: Quantity)

    /// It may be the order's all the same, with the order another than we know it (changed by hand at the exchange): what its
    /// session holds is not sure then. A fill of the other side is somebody else's, whatever became of the order.
    public var leavesDoubt: Bool { if case .side = self { false } else { true } }
}
