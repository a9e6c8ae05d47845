public import TradingCore

/// What a pure market making session is told. Validated when made: a value of this type can be run.
///
/// Names and units are the original server's (fractions are fractions: 0.001 is 0.1 %); what we add says its unit.
public struct PureMarketMakingParameters: Hashable, Sendable {
    public enum PriceSource: String, Sendable, CaseIterable {
        case midPrice = "mid_price"
        case bestAsk = "best_ask"
        case bestBid = "best_bid"
        case lastPrice = "last_price"
        /// Mid weighted by the opposite side's quantity at the touch.
        case microprice
    }

    public enum AmountChange: String, Sendable, CaseIterable {
        case fixed
        case percentage
    }

    public enum ShortFunds: String, Sendable, CaseIterable {
        /// Quote what the funds allow.
        case shrink
        /// Leave out what they do not cover whole.
        case drop
    }

    /// Distance of each layer from the reference: layer n stands n times as far.
    public enum Spread: Hashable, Sendable {
        /// A fraction of the reference price, in 10⁻¹².
        case trillionths(Int64)
        case ticks(Int64)
    }

    public var bidSpread: Spread
    public var askSpread: Spread
    /// Base quantity of each layer, from the touch outwards.
    public var layerAmounts: [FixedDecimal]
    public var orderRefreshNanoseconds: Int64
    public var priceSource: PriceSource
    /// No buys while the reference is above it, and none priced above it.
    public var ceilingPrice: FixedDecimal?
    /// No sells while the reference is below it, and none priced below it.
    public var floorPrice: FixedDecimal?
    /// The exchange whose price is quoted around; nil: the market's own.
    public var oracleExchange: String?

    public var isPostOnly: Bool
    /// Least distance between own best bid and ask.
    public var minimumSpread: Spread?
    public var tolerance: QuoteTolerance
    /// No new quotes on a side for so long after a fill there; what still rests there may stay.
    public var fillDelayNanoseconds: Int64
    public var hangingOrders: Bool
    /// A hanging order further than this fraction from the reference is given up, in 10⁻¹².
    public var hangingOrdersCancelTrillionths: Int64
    /// Share of the session's worth to hold in base, 0 to 1.
    public var inventoryTarget: Double?
    /// How far, as a fraction of the price, quotes shift when all is in one asset.
    public var inventorySkew: Double
    /// How much of the size is taken off the side that leads away from the target, 0 to 1.
    public var inventorySizeSkew: Double
    public var shortFunds: ShortFunds
    /// Base quantity that must stand at or before a level for it to count as best.
    public var minimumDepth: FixedDecimal?
    /// Quote also between refreshes, as soon as the reference moved by this fraction, in 10⁻¹².
    public var requoteMoveTrillionths: Int64?
    /// How far, as a fraction, the market may stand from the external price, in 10⁻¹².
    public var externalDistanceTrillionths: Int64
    public var externalMaximumAgeNanoseconds: Int64
    public var suddenMove: SuddenMoveParameters?
}

/// When a price move is too fast to quote into.
public struct SuddenMoveParameters: Hashable, Sendable {
    /// Fraction of the price, in 10⁻¹².
    public var thresholdTrillionths: Int64
    public var windowNanoseconds: Int64
    public var pauseNanoseconds: Int64

    public init(thresholdTrillionths: Int64, windowNanoseconds: Int64, pauseNanoseconds: Int64) {
        self.thresholdTrillionths = thresholdTrillionths
        self.windowNanoseconds = windowNanoseconds
        self.pauseNanoseconds = pauseNanoseconds
    }
}
