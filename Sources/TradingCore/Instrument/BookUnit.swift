/// The finest steps an instrument's feed ever sends, constant for its life. Books and engines count in these.
///
/// Apart from the order rounding rule (``TradingRules/priceRounding``): an exchange may quote finer than it accepts orders.
public struct BookUnit: Hashable, Sendable {
    /// What one ``Price`` tick is worth, in quote per base.
    public let price: FixedDecimal
    /// What one ``Quantity`` lot is, in base.
    public let quantity: FixedDecimal
    /// Quote value of one tick times one lot; exact.
    public let notional: FixedDecimal

    /// - Throws: ``InstrumentError`` when a unit is not positive or their product needs more than 18 digits.
    public init(price: FixedDecimal, quantity: FixedDecimal) throws(InstrumentError) {
        guard price.isPositive else { throw .invalid(field: "priceUnit", value: "\(price)", rule: "above 0") }
        guard quantity.isPositive else { throw .invalid(field: "quantityUnit", value: "\(quantity)", rule: "above 0") }
        guard let down = try? price.multiplied(by: quantity, rounding: .down),
            let up = try? price.multiplied(by: quantity, rounding: .up), down == up
        else {
            throw .invalid(
                field: "priceUnit x quantityUnit", value: "\(price) x \(quantity)",
                rule: "a product of at most 18 fractional digits")
        }
        self.price = price
        self.quantity = quantity
        notional = down
    }

    @inlinable
    public func decimal(_ price: Price) -> FixedDecimal { FixedDecimal(raw: self.price.raw &* Int128(price.ticks)) }

    @inlinable
    public func decimal(_ quantity: Quantity) -> FixedDecimal {
        FixedDecimal(raw: self.quantity.raw &* Int128(quantity.lots))
    }

    /// Quote value of `lots` at `ticks`, both within the bounds that ``Instrument`` checks for orders.
    @inlinable
    public func notional(_ price: Price, _ quantity: Quantity) -> FixedDecimal {
        FixedDecimal(raw: notional.raw &* (Int128(price.ticks) &* Int128(quantity.lots)))
    }
}

/// An instrument or rule that cannot be used.
public enum InstrumentError: Error, Equatable, Sendable, CustomStringConvertible {
    case invalid(field: String, value: String, rule: String)

    public var description: String {
        switch self {
        case .invalid(let field, let value, let rule): "\(field) \(value): must be \(rule)"
        }
    }
}
