import TradingCore

/// Numbers as text, the same in every locale.
enum Figures {
    /// Rounded to `digits` fractional digits, trailing zeros kept: for people.
    static func fixed(_ value: FixedDecimal, _ digits: Int) -> String {
        let rounded = (try? value.rounded(toFractionDigits: digits, .halfEven)) ?? value
        var text = rounded.description
        guard digits > 0 else { return text }
        if !text.contains(".") { text += "." }
        let have = text.split(separator: ".", omittingEmptySubsequences: false).last?.count ?? 0
        return text + String(repeating: "0", count: max(0, digits - have))
    }

    /// A statistic with `digits` fractional digits.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        fixed(FixedDecimal(statistic: value, fractionDigits: digits) ?? .zero, digits)
    }

    /// Nanoseconds as seconds, exact.
    static func seconds(_ nanoseconds: Int64) -> String {
        FixedDecimal(raw: Int128(nanoseconds) * 1_000_000_000).description
    }

    static func signed(_ value: FixedDecimal, _ digits: Int) -> String {
        (value.isNegative ? "" : "+") + fixed(value, digits)
    }
}
