import TradingCore

/// Numbers as JavaScript prints them, which is how checksums are made: plain from 10⁻⁶ up, `1.2e-7` below, no trailing
/// zeros.
///
/// Source: ECMA-262, Number::toString. Numbers of more digits than a `Double` keeps come from a `Double` already.
enum JavaScriptNumber {
    static func text(_ value: FixedDecimal) -> String {
        let size = value.raw.magnitude
        // 10⁻⁶ is 10¹² units.
        if size == 0 || size >= 1_000_000_000_000 { return value.description }
        var digits = String(UInt64(size))
        let exponent = digits.utf8.count - 1 - FixedDecimal.fractionDigits
        while digits.hasSuffix("0") { digits.removeLast() }
        let point = digits.utf8.count > 1 ? "." : ""
        return "\(value.isNegative ? "-" : "")\(digits.prefix(1))\(point)\(digits.dropFirst())e\(exponent)"
    }

    /// Whether a JSON number is spelled as JavaScript would: the exchange's always are.
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var point: Int?
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: ".") { point = index } else if byte | 0x20 == UInt8(ascii: "e") { return false }
        }
        guard let point else {
            return text.count < 20 && !(text.first == UInt8(ascii: "-") && text.count == 2 && text[1] == 48)
        }
        if text.last == UInt8(ascii: "0") { return false }
        // Below 1 it may be below 10⁻⁶.
        let first = text.first == UInt8(ascii: "-") ? 1 : 0
        guard point == first + 1, text[first] == UInt8(ascii: "0") else { return true }
        return text[(point + 1)...].prefix(6).contains { $0 != UInt8(ascii: "0") }
    }
}
