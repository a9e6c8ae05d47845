extension FixedDecimal {
    @inlinable
    public func adding(_ other: FixedDecimal) throws(ArithmeticError) -> FixedDecimal {
        let (sum, overflow) = raw.addingReportingOverflow(other.raw)
        if overflow { throw .overflow }
        return FixedDecimal(raw: sum)
    }

    @inlinable
    public func subtracting(_ other: FixedDecimal) throws(ArithmeticError) -> FixedDecimal {
        let (difference, overflow) = raw.subtractingReportingOverflow(other.raw)
        if overflow { throw .overflow }
        return FixedDecimal(raw: difference)
    }

    public func negated() throws(ArithmeticError) -> FixedDecimal {
        try FixedDecimal.zero.subtracting(self)
    }

    public func magnitude() throws(ArithmeticError) -> FixedDecimal {
        isNegative ? try negated() : self
    }

    public func multiplied(by other: FixedDecimal, rounding: Rounding) throws(ArithmeticError) -> FixedDecimal {
        let product = raw.magnitude.multipliedFullWidth(by: other.raw.magnitude)
        return try FixedDecimal.quotient(
            product, dividingBy: UInt128(FixedDecimal.one128), isNegative: isNegative != other.isNegative,
            rounding: rounding)
    }

    /// Exact product with a whole number.
    public func multiplied(by count: Int64) throws(ArithmeticError) -> FixedDecimal {
        let (product, overflow) = raw.multipliedReportingOverflow(by: Int128(count))
        if overflow { throw .overflow }
        return FixedDecimal(raw: product)
    }

    public func divided(by other: FixedDecimal, rounding: Rounding) throws(ArithmeticError) -> FixedDecimal {
        if other.isZero { throw .divisionByZero }
        let dividend = raw.magnitude.multipliedFullWidth(by: UInt128(FixedDecimal.one128))
        return try FixedDecimal.quotient(
            dividend, dividingBy: other.raw.magnitude, isNegative: isNegative != other.isNegative, rounding: rounding)
    }

    /// How many whole `step`s this is, and nothing lost but what `rounding` says.
    /// - Throws: ``ArithmeticError/divisionByZero`` for a zero step, ``ArithmeticError/overflow`` beyond `Int64`.
    public func count(of step: FixedDecimal, rounding: Rounding) throws(ArithmeticError) -> Int64 {
        if step.isZero { throw .divisionByZero }
        let negative = isNegative != step.isNegative
        let divisor = step.raw.magnitude
        var (quotient, remainder) = raw.magnitude.quotientAndRemainder(dividingBy: divisor)
        if rounding.growsMagnitude(
            isNegative: negative, isExact: remainder == 0,
            twiceRemainder: FixedDecimal.compareTwice(remainder, with: divisor), quotientIsOdd: quotient & 1 == 1)
        {
            quotient += 1
        }
        guard let magnitude = Int128(exactly: quotient), let count = Int64(exactly: negative ? -magnitude : magnitude)
        else { throw .overflow }
        return count
    }

    /// The nearest multiple of `step` in the named direction.
    public func rounded(toMultipleOf step: FixedDecimal, _ rounding: Rounding) throws(ArithmeticError) -> FixedDecimal {
        if step.isZero { throw .divisionByZero }
        let divisor = step.raw.magnitude
        let (quotient, remainder) = raw.magnitude.quotientAndRemainder(dividingBy: divisor)
        let grows = rounding.growsMagnitude(
            isNegative: isNegative, isExact: remainder == 0,
            twiceRemainder: FixedDecimal.compareTwice(remainder, with: divisor), quotientIsOdd: quotient & 1 == 1)
        let (magnitude, overflow) = (raw.magnitude - remainder).addingReportingOverflow(grows ? divisor : 0)
        if overflow { throw .overflow }
        return try FixedDecimal(magnitude: magnitude, isNegative: isNegative)
    }

    /// Rounded to so many fractional digits (0 to 18).
    public func rounded(toFractionDigits digits: Int, _ rounding: Rounding) throws(ArithmeticError) -> FixedDecimal {
        precondition((0...FixedDecimal.fractionDigits).contains(digits), "fraction digits 0 to 18")
        return try rounded(
            toMultipleOf: FixedDecimal(raw: Int128(Int64.powerOfTen(FixedDecimal.fractionDigits - digits))), rounding)
    }

    public func isMultiple(of step: FixedDecimal) -> Bool {
        // By magnitudes: the smallest number has no remainder by -1 that the processor could compute.
        !step.isZero && raw.magnitude % step.raw.magnitude == 0
    }

    // MARK: - Wide division

    private static func quotient(
        _ dividend: (high: UInt128, low: UInt128), dividingBy divisor: UInt128, isNegative: Bool, rounding: Rounding
    ) throws(ArithmeticError) -> FixedDecimal {
        guard dividend.high < divisor else { throw .overflow }
        let (quotient, remainder) =
            dividend.high == 0
            ? dividend.low.quotientAndRemainder(dividingBy: divisor) : divisor.dividingFullWidth(dividend)
        let grows = rounding.growsMagnitude(
            isNegative: isNegative, isExact: remainder == 0,
            twiceRemainder: compareTwice(remainder, with: divisor), quotientIsOdd: quotient & 1 == 1)
        let (magnitude, overflow) = quotient.addingReportingOverflow(grows ? 1 : 0)
        if overflow { throw .overflow }
        return try FixedDecimal(magnitude: magnitude, isNegative: isNegative)
    }

    init(magnitude: UInt128, isNegative: Bool) throws(ArithmeticError) {
        guard let positive = Int128(exactly: magnitude) else {
            if isNegative, magnitude == Int128.min.magnitude {
                self.init(raw: .min)
                return
            }
            throw .overflow
        }
        self.init(raw: isNegative ? -positive : positive)
    }

    /// -1, 0 or 1 as twice the remainder is below, at or above the divisor, without overflow.
    private static func compareTwice(_ remainder: UInt128, with divisor: UInt128) -> Int {
        let rest = divisor - remainder
        return remainder < rest ? -1 : (remainder == rest ? 0 : 1)
    }
}

extension Int64 {
    /// 10 to the power of `exponent`, 0 to 18.
    public static func powerOfTen(_ exponent: Int) -> Int64 {
        precondition((0...18).contains(exponent), "10^0 to 10^18")
        var power: Int64 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
