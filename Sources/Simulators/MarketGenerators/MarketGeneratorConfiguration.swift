public import TradingCore

/// Which market a ``GeneratedMarket`` is like.
///
/// Prices are counted in ticks and quantities in lots of the instrument's ``BookUnit``; the profiles name theirs.
public struct MarketGeneratorConfiguration: Hashable, Codable, Sendable {
    /// Time of the first record.
    public var start = Timestamp(nanoseconds: 1_735_689_600_000_000_000)
    /// How long the market runs; nil is forever.
    public var durationNanoseconds: Int64?
    /// The first best bid; at least 160,000 ticks for the liquid profile, 800 for the thin one, so that the book has room
    /// at a quarter of it.
    public var startPrice: Price
    /// Mean size of a trade; every other quantity follows it.
    public var meanTrade: Quantity
    /// Every quantity is a multiple of this.
    public var quantityStep: Quantity

    var worth: EfficientPrice.Parameters
    var parents: ParentOrders.Parameters
    var quoting: QuotingParameters
    var touch: TouchParameters
    var depth: DepthParameters

    var end: Timestamp {
        durationNanoseconds.map { start.advanced(byNanoseconds: $0) } ?? .distantFuture
    }
}
