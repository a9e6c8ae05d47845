import TradingCore

/// Arithmetic for what exchanges leave out. Quotients carry 18 decimals, cut off.
enum Derived {
    static func product(
        _ left: FixedDecimal, _ right: FixedDecimal, _ field: String
    ) throws(UnreadableAnswer) -> FixedDecimal {
        do { return try left.multiplied(by: right, rounding: .down) } catch {
            throw UnreadableAnswer(field, expected: "a product in range", found: "\(left) x \(right)")
        }
    }

    static func quotient(
        _ left: FixedDecimal, _ right: FixedDecimal, _ field: String
    ) throws(UnreadableAnswer) -> FixedDecimal {
        do { return try left.divided(by: right, rounding: .down) } catch {
            throw UnreadableAnswer(field, expected: "a quotient in range", found: "\(left) / \(right)")
        }
    }

    static func sum(
        _ left: FixedDecimal, _ right: FixedDecimal, _ field: String
    ) throws(UnreadableAnswer) -> FixedDecimal {
        do { return try left.adding(right) } catch {
            throw UnreadableAnswer(field, expected: "a sum in range", found: "\(left) + \(right)")
        }
    }

    static func difference(
        _ left: FixedDecimal, _ right: FixedDecimal, _ field: String
    ) throws(UnreadableAnswer) -> FixedDecimal {
        do { return try left.subtracting(right) } catch {
            throw UnreadableAnswer(field, expected: "a difference in range", found: "\(left) - \(right)")
        }
    }

    /// Exchanges write zero for "none".
    static func nonZero(_ value: FixedDecimal?) -> FixedDecimal? {
        guard let value, !value.isZero else { return nil }
        return value
    }
}
