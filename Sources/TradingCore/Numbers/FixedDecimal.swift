/// An exact decimal number: an `Int128` count of 10⁻¹⁸.
///
/// Range ±170 141 183 460 469 231 731.687303715884105727. Every operation that can leave the range throws
/// ``ArithmeticError/overflow``; every operation that can lose digits names its ``Rounding``. There is no way in or out
/// through `Double` but ``approximateDouble``, for statistics.
public struct FixedDecimal: Hashable, Sendable {
    /// The count of 10⁻¹⁸.
    public let raw: Int128

    /// Fractional digits kept.
    public static let fractionDigits = 18
    /// `raw` of the number one.
    @inlinable public static var one128: Int128 { 1_000_000_000_000_000_000 }

    @inlinable public static var zero: FixedDecimal { FixedDecimal(raw: 0) }
    @inlinable public static var one: FixedDecimal { FixedDecimal(raw: one128) }

    @inlinable
    public init(raw: Int128) {
        self.raw = raw
    }

    /// Every `Int64` is in range.
    @inlinable
    public init(_ value: Int64) {
        raw = Int128(value) * FixedDecimal.one128
    }

    @inlinable public var isZero: Bool { raw == 0 }
    @inlinable public var isNegative: Bool { raw < 0 }
    @inlinable public var isPositive: Bool { raw > 0 }

    /// The nearest `Double`, for statistics and pictures only; never for what is sent or booked.
    public var approximateDouble: Double {
        let (whole, fraction) = raw.quotientAndRemainder(dividingBy: FixedDecimal.one128)
        return Double(whole) + Double(fraction) / 1e18
    }

    /// A statistic made into an exact number by an explicit rounding to `digits` fractional digits.
    /// - Returns: nil when the value is not finite or out of range.
    public init?(statistic value: Double, fractionDigits digits: Int) {
        guard value.isFinite, (0...15).contains(digits), value.magnitude < 1e15 else { return nil }
        let scale = Int64.powerOfTen(digits)
        let scaled = (value * Double(scale)).rounded()
        guard scaled.magnitude < 9e18 else { return nil }
        raw = Int128(Int64(scaled)) * Int128(Int64.powerOfTen(18 - digits))
    }
}

extension FixedDecimal: Comparable {
    @inlinable
    public static func < (left: FixedDecimal, right: FixedDecimal) -> Bool {
        left.raw < right.raw
    }
}

/// Why a calculation has no answer.
public enum ArithmeticError: Error, Equatable, Sendable {
    /// The exact result lies outside the range of the type.
    case overflow
    case divisionByZero
}
