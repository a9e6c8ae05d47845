/// Why a text is not a decimal number we can keep.
public enum DecimalTextError: Error, Equatable, Sendable {
    /// Not `[-]digits[.digits][e[±]digits]`.
    case malformed
    /// More than 18 fractional digits that are not zeros.
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
        var magnitude: UInt128 = 0
        var digits = 0
        var fraction = 0
        var pendingZeros = 0
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
            digits += 1
            // Trailing zeros wait until a digit proves them significant, so "1.000…0" of any length is the number 1.
            if seenPoint, digit == 0 {
                pendingZeros += 1
            } else {
                try FixedDecimal.append(digit, after: pendingZeros, to: &magnitude)
                if seenPoint { fraction += pendingZeros + 1 }
                pendingZeros = 0
            }
            index += 1
        }
        guard digits > 0 else { throw .malformed }
        let exponent = try FixedDecimal.exponent(bytes, from: index)
        try self.init(magnitude: magnitude, decimalPower: exponent - fraction, isNegative: isNegative)
    }

    private static func append(
        _ digit: UInt8, after zeros: Int, to magnitude: inout UInt128
    ) throws(DecimalTextError) {
        if magnitude == 0 {
            magnitude = UInt128(digit)
            return
        }
        for step in 0...zeros {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(step == zeros ? UInt128(digit) : 0)
            if overflow || carry { throw zeros > 0 ? .tooPrecise : .outOfRange }
            magnitude = sum
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
            value = min(value * 10 + Int(digit), 1_000)
            index += 1
        }
        return isNegative ? -value : value
    }

    private init(magnitude: UInt128, decimalPower: Int, isNegative: Bool) throws(DecimalTextError) {
        var value = magnitude
        var power = decimalPower + FixedDecimal.fractionDigits
        while power < 0, value != 0 {
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
            guard remainder == 0 else { throw .tooPrecise }
            value = quotient
            power += 1
        }
        while power > 0, value != 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { throw .outOfRange }
            value = product
            power -= 1
        }
        guard let positive = Int128(exactly: value) else { throw .outOfRange }
        self.init(raw: isNegative ? -positive : positive)
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
        var text = (raw < 0 ? "-" : "") + String(whole)
        if fraction != 0 {
            var digits = Array(String(fraction).utf8)
            while digits.last == UInt8(ascii: "0") { digits.removeLast() }
            let padding = FixedDecimal.fractionDigits - String(fraction).utf8.count
            text += "." + String(repeating: "0", count: padding) + String(decoding: digits, as: UTF8.self)
        }
        return text
    }
}

extension FixedDecimal: ExpressibleByStringLiteral {
    /// For constants in source and tests; a literal that is no number stops the program where it is written.
    public init(stringLiteral text: StaticString) {
        guard let value = FixedDecimal(text.description) else { preconditionFailure("not a decimal: \(text)") }
        self = value
    }
}
