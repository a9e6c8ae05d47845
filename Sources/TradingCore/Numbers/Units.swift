/// A price as a whole number of one instrument's price units (``BookUnit/price``).
public struct Price: Hashable, Comparable, Codable, Sendable {
    public var ticks: Int64

    @inlinable
    public init(ticks: Int64) {
        self.ticks = ticks
    }

    @inlinable
    public static func < (left: Price, right: Price) -> Bool { left.ticks < right.ticks }
}

/// A quantity of the base asset as a whole number of one instrument's quantity units (``BookUnit/quantity``).
public struct Quantity: Hashable, Comparable, Codable, Sendable {
    public var lots: Int64

    @inlinable public static var zero: Quantity { Quantity(lots: 0) }

    @inlinable
    public init(lots: Int64) {
        self.lots = lots
    }

    @inlinable
    public static func < (left: Quantity, right: Quantity) -> Bool { left.lots < right.lots }
}

/// One basis point is a ten-thousandth.
public struct BasisPoints: Hashable, Comparable, Sendable {
    public let value: FixedDecimal

    public init(_ value: FixedDecimal) {
        self.value = value
    }

    /// The same as a fraction of one; digits beyond the 18th go `rounding`.
    public func fraction(rounding: Rounding) throws(ArithmeticError) -> FixedDecimal {
        try value.divided(by: FixedDecimal(10_000), rounding: rounding)
    }

    public static func < (left: BasisPoints, right: BasisPoints) -> Bool { left.value < right.value }
}
