public import Strategies
public import TradingCore

/// The bounds that a session's orders must keep. Nil is no bound.
public struct RiskLimits: Hashable, Sendable {
    /// How far beyond the mid, as a fraction in 10⁻¹², a buy may be priced above it or a sell below it.
    public var priceCollarTrillionths: Int64? = 20_000_000_000
    /// Most base in one order.
    public var maximumOrderQuantity: FixedDecimal?
    /// Most quote in one order.
    public var maximumOrderNotional: FixedDecimal?
    /// Most base bought or sold on balance, open orders counted as if filled.
    public var maximumPosition: FixedDecimal?
    public var maximumOpenOrders = 200
    /// Longest silence of the market's data.
    public var maximumDataAgeNanoseconds: Int64? = Nanoseconds.seconds(120)
    /// Longest silence of the account's data.
    public var maximumAccountDataAgeNanoseconds: Int64?
    /// Most that our clock may differ from the exchange's.
    public var maximumClockSkewNanoseconds: Int64 = Nanoseconds.seconds(1)
    /// Most quote lost since the start, marked at the side we would exit on.
    public var maximumLoss: FixedDecimal?
    /// Most quote lost since the best moment, marked the same.
    public var maximumDrawdown: FixedDecimal?
    /// So many refusals by the exchange in a row halt the session. Post-only refusals do not count.
    public var maximumConsecutiveRejects = 10
    /// An answer later than this counts as lost.
    public var answerTimeoutNanoseconds: Int64 = Nanoseconds.seconds(5)
    /// Refuse orders that would trade with an order of our own.
    public var preventsOwnCross = true

    public init() {}

    /// Reads the limits that a document gives; the rest keep their defaults.
    public static func read(_ reader: inout ParameterReader) -> RiskLimits {
        var limits = RiskLimits()
        let positive: ClosedRange<FixedDecimal> = "0.000000000000000001"..."1000000000000"
        let rule = "above 0, to 1000000000000"
        if let collar = reader.decimal("priceCollar", "0"..."1", "a fraction, 0 to 1", fractionDigits: 12) {
            limits.priceCollarTrillionths = Int64(collar.raw / 1_000_000)
        }
        limits.maximumOrderQuantity = reader.decimal("maximumOrderAmount", positive, rule)
        limits.maximumOrderNotional = reader.decimal("maximumOrderNotional", positive, rule)
        limits.maximumPosition = reader.decimal("maximumPosition", positive, rule)
        if let count = reader.integer("maximumOpenOrders", 1...10_000, "1 to 10000") {
            limits.maximumOpenOrders = Int(count)
        }
        if let age = reader.integer("maximumDataAge", 1...86_400_000, "1 to 86400000 (milliseconds)") {
            limits.maximumDataAgeNanoseconds = Nanoseconds.milliseconds(age)
        }
        limits.maximumLoss = reader.decimal("maximumLoss", positive, rule)
        limits.maximumDrawdown = reader.decimal("maximumDrawdown", positive, rule)
        if let count = reader.integer("maximumConsecutiveRejects", 1...1_000_000, "1 to 1000000") {
            limits.maximumConsecutiveRejects = Int(count)
        }
        return limits
    }
}
