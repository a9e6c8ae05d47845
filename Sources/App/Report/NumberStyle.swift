import TradingCore

/// How the numbers of one axis are written: one power of ten and one count of fractional digits for all.
struct NumberStyle {
    let fractionDigits: Int
    /// Numbers are divided by ten to this power, which `suffix` names.
    let power: Int
    let suffix: String

    /// - Parameters:
    ///   - step: between two labels; both of them must be told apart.
    ///   - largest: magnitude on the axis.
    init(step: FixedDecimal, largest: FixedDecimal) {
        switch largest.raw / FixedDecimal.one128 {
        case ..<100_000_000: (power, suffix) = (0, "")
        case ..<100_000_000_000: (power, suffix) = (6, "M")
        case ..<100_000_000_000_000: (power, suffix) = (9, "B")
        default: (power, suffix) = (12, "T")
        }
        var (digits, count) = (FixedDecimal.fractionDigits + power, step.raw)
        while digits > 0, count % 10 == 0 {
            count /= 10
            digits -= 1
        }
        fractionDigits = min(digits, FixedDecimal.fractionDigits)
    }

    /// - Parameter extraDigits: beyond those the axis needs.
    func text(_ value: FixedDecimal, extraDigits: Int = 0) -> String {
        let digits = min(fractionDigits + extraDigits, FixedDecimal.fractionDigits)
        let unit = FixedDecimal(Int64.powerOfTen(power))
        let scaled = (try? value.divided(by: unit, rounding: .halfEven)) ?? value
        let rounded = (try? scaled.rounded(toFractionDigits: digits, .halfEven)) ?? scaled
        return NumberStyle.grouped(rounded, fractionDigits: digits) + suffix
    }

    /// `-12,345.60`, with a true minus sign.
    static func grouped(_ value: FixedDecimal, fractionDigits: Int) -> String {
        let parts = value.description.split(separator: ".")
        let whole = parts[0].drop { $0 == "-" }
        var text = value.isNegative ? "\u{2212}" : ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        guard fractionDigits > 0 else { return text }
        let fraction = parts.count > 1 ? parts[1].prefix(fractionDigits) : ""
        return text + "." + fraction + String(repeating: "0", count: fractionDigits - fraction.count)
    }
}
