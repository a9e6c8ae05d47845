/// A tradable pair with everything needed to count, round and check on it.
public struct Instrument: Hashable, Sendable {
    public let id: InstrumentID
    public let unit: BookUnit
    public let rules: TradingRules
    public let fees: FeeSchedule

    public var base: AssetID { id.symbol.base }
    public var quote: AssetID { id.symbol.quote }

    public init(id: InstrumentID, unit: BookUnit, rules: TradingRules, fees: FeeSchedule = .free) {
        self.id = id
        self.unit = unit
        self.rules = rules
        self.fees = fees
    }

    public func with(fees: FeeSchedule) -> Instrument {
        Instrument(id: id, unit: unit, rules: rules, fees: fees)
    }
}

/// What trading costs.
public struct FeeSchedule: Hashable, Sendable {
    /// Fractions of what is received; negative is a rebate. Within ±10 %.
    public let maker: FixedDecimal
    public let taker: FixedDecimal
    public let payment: FeePayment
    /// Fractional digits of a fee amount; what is finer is rounded up, in the exchange's favour.
    public let assetDigits: Int

    public static let free = FeeSchedule(unchecked: .zero, .zero, .received, 8)

    /// - Throws: ``InstrumentError`` when a rate lies outside ±10 %.
    public init(
        maker: FixedDecimal, taker: FixedDecimal, payment: FeePayment = .received, assetDigits: Int = 8
    ) throws(InstrumentError) {
        for (field, rate) in [("makerFee", maker), ("takerFee", taker)] where rate > "0.1" || rate < "-0.1" {
            throw .invalid(field: field, value: "\(rate)", rule: "a fraction from -0.1 to 0.1")
        }
        guard (0...18).contains(assetDigits) else {
            throw .invalid(field: "feeDigits", value: "\(assetDigits)", rule: "0 to 18")
        }
        self.init(unchecked: maker, taker, payment, assetDigits)
    }

    private init(unchecked maker: FixedDecimal, _ taker: FixedDecimal, _ payment: FeePayment, _ digits: Int) {
        self.maker = maker
        self.taker = taker
        self.payment = payment
        assetDigits = digits
    }
}

/// Which asset fees are taken from.
public enum FeePayment: Hashable, Sendable {
    /// From what the fill brings: base for a buy, quote for a sell.
    case received
    /// From a third asset at a fixed price in quote, `discount` (a fraction) off; where its free balance is too small for
    /// the whole fee, from what is received and without the discount, as Binance does with BNB.
    case third(AssetID, priceInQuote: FixedDecimal, discount: FixedDecimal)
}
