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
    /// - Parameter unit: what ticks and lots of the instrument are worth.
    public func mismatch(_ fill: Fill, _ unit: BookUnit) -> FillMismatch? {
        if fill.side != side { return .side(ordered: side) }
        if fill.price.ticks <= 0 || fill.quantity.lots <= 0 { return .nothing }
        let isWorse = side == .buy ? fill.price.ticks > limit.ticks : fill.price.ticks < limit.ticks
        if isWorse { return .price(limit: limit) }
        if fill.quantity.lots > left.lots { return .quantity(left: left) }
        return Self.isBookable(fill, unit) ? nil : .absurd
    }

    /// Far above what any market trades, and so far below what decimals hold that sums of fills stay within it.
    private static let largest = Int128.max / 1_000_000
    /// Fees are rounded up, so that one of next to nothing may be more than what was traded.
    private static let dust = FixedDecimal(raw: 1_000_000_000_000)

    /// Whether what it was worth and what it cost can be summed up, and the fee is not more than what was traded.
    private static func isBookable(_ fill: Fill, _ unit: BookUnit) -> Bool {
        let (ticks, lots) = (Int128(fill.price.ticks), Int128(fill.quantity.lots))
        let (cost, costOverflows) = (ticks * lots).multipliedReportingOverflow(by: unit.notional.raw)
        let (amount, amountOverflows) = lots.multipliedReportingOverflow(by: unit.quantity.raw)
        let (price, priceOverflows) = ticks.multipliedReportingOverflow(by: unit.price.raw)
        guard !costOverflows, !amountOverflows, !priceOverflows, max(cost, amount, price) <= largest else {
            return false
        }
        let traded =
            switch fill.feeAsset {
            case .base: amount
            case .quote: cost
            case .other: largest
            }
        return fill.fee.raw.magnitude <= (traded + dust.raw).magnitude
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
    /// It cannot have been worth that much, or cost such a fee.
    case absurd
    /// With it more would have traded than was ordered.
    case quantity(left: Quantity)

    /// It may be the order's all the same, with the order another than we know it (changed by hand at the exchange): what its
    /// session holds is not sure then. A fill of the other side is somebody else's, whatever became of the order.
    public var leavesDoubt: Bool { if case .side = self { false } else { true } }

    /// It fits if the order's price or amount was changed at the exchange, which the exchange can be asked.
    public var mayBeOfChangedTerms: Bool {
        switch self {
        case .price, .quantity: true
        case .side, .nothing, .absurd: false
        }
    }
}
