/// Why a text is not a decimal number we can keep.
public enum DecimalTextError: Error, Equatable, Sendable {
    /// Not `[-]digits[.digits][e[±]digits]`.
    case malformed
    /// More than 18 fractional digits that are not zeros. Also said of a number that is out of range as well.
    case tooPrecise
    case outOfRange
}

extension FixedDecimal {
    /// Reads plain decimal text, also with an exponent as JSON allows it; no white space, no `+`, no separators.
    public init(_ text: some StringProtocol) throws(DecimalTextError) {
        var copy = String(text)
        let parsed = copy.withUTF8 { bytes in
            Result { () throws(DecimalTextError) in try FixedDecimal(utf8: UnsafeRawBufferPointer(bytes)) }
        }
        self = try parsed.get()
    }

    /// Reads decimal text from bytes, as ``init(_:)`` does.
    public init(utf8 bytes: UnsafeRawBufferPointer) throws(DecimalTextError) {
        var index = 0
        let isNegative = !bytes.isEmpty && bytes[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var significand = Significand()
        var digits = 0
        var fraction = 0
        var seenPoint = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !seenPoint, digits > 0 {
                seenPoint = true
                index += 1
                guard index < bytes.count, bytes[index] &- 48 < 10 else { throw .malformed }
                continue
            }
            let digit = byte &- 48
            if digit > 9 { break }
            significand.append(digit)
            digits += 1
            if seenPoint { fraction += 1 }
            index += 1
        }
        guard digits > 0 else { throw .malformed }
        let exponent = try FixedDecimal.exponent(bytes, from: index)
        try self.init(
            significand, decimalPower: exponent - fraction + significand.trailingZeros, isNegative: isNegative)
    }

    /// The digits of a text from the first to the last that is not zero.
    private struct Significand {
        var value: UInt128 = 0
        /// Zeros since the last other digit; they wait until a digit proves them significant, so that "1.000…0" of any
        /// length is the number 1.
        var trailingZeros = 0
        /// More digits than `value` can hold. No power of ten makes that a number of ours.
        var isTooWide = false

        mutating func append(_ digit: UInt8) {
            if digit == 0 {
                trailingZeros += 1
                return
            }
            if value == 0 {
                value = UInt128(digit)
            } else if !isTooWide {
                append(digit, after: trailingZeros)
            }
            trailingZeros = 0
        }

        private mutating func append(_ digit: UInt8, after zeros: Int) {
            for step in 0...zeros {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(step == zeros ? UInt128(digit) : 0)
                if overflow || carry {
                    isTooWide = true
                    return
                }
                value = sum
            }
        }
    }

    private static func exponent(_ bytes: UnsafeRawBufferPointer, from start: Int) throws(DecimalTextError) -> Int {
        guard start < bytes.count else { return 0 }
        guard bytes[start] | 0x20 == UInt8(ascii: "e") else { throw .malformed }
        var index = start + 1
        var isNegative = false
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            isNegative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        guard index < bytes.count else { throw .malformed }
        var value = 0
        while index < bytes.count {
            let digit = bytes[index] &- 48
            guard digit < 10 else { throw .malformed }
            // Held at a bound that no count of digits in the same text can make up for.
            value = min(value * 10 + Int(digit), 1 << 50)
            index += 1
        }
        return isNegative ? -value : value
    }

    private init(_ significand: Significand, decimalPower: Int, isNegative: Bool) throws(DecimalTextError) {
        var value = significand.value
        if value == 0 {
            self = .zero
            return
        }
        // The last digit is not a zero: beyond the 18th place nothing can take it away.
        var power = decimalPower + FixedDecimal.fractionDigits
        if power < 0 { throw .tooPrecise }
        if significand.isTooWide { throw .outOfRange }
        while power > 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { throw .outOfRange }
            value = product
            power -= 1
        }
        do { try self.init(magnitude: value, isNegative: isNegative) } catch { throw .outOfRange }
    }
}

extension FixedDecimal: CustomStringConvertible, LosslessStringConvertible {
    public init?(_ description: String) {
        guard let value = try? FixedDecimal(Substring(description)) else { return nil }
        self = value
    }

    /// Canonical text: no exponent, no trailing zeros, no `-0`.
    public var description: String {
        let (whole, fraction) = raw.magnitude.quotientAndRemainder(dividingBy: UInt128(FixedDecimal.one128))
        let text = (raw < 0 ? "-" : "") + (UInt64(exactly: whole).map { String($0) } ?? String(whole))
        return fraction == 0 ? text : text + FixedDecimal.fractionText(UInt64(fraction))
    }

    /// A point and up to 18 digits, of a count of 10⁻¹⁸ that is not zero.
    private static func fractionText(_ fraction: UInt64) -> String {
        var (rest, digits) = (fraction, FixedDecimal.fractionDigits)
        while rest % 10 == 0 {
            rest /= 10
            digits -= 1
        }
        return String(unsafeUninitializedCapacity: digits + 1) { bytes in
            bytes[0] = UInt8(ascii: ".")
            for index in stride(from: digits, to: 0, by: -1) {
                bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            return digits + 1
        }
    }
}

extension FixedDecimal: ExpressibleByStringLiteral {
    /// For constants in source and tests; a literal that is no number stops the program where it is written.
    public init(stringLiteral text: StaticString) {
        guard let value = FixedDecimal(text.description) else { preconditionFailure("not a decimal: \(text)") }
        self = value
    }
}
