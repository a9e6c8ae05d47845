import TradingCore

/// Text for the report, the same on every machine: no locale, no time zone but UTC.
enum ReportText {
    /// Safe between tags and inside quoted attributes. Control characters, which HTML forbids, become U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result += " "
            case _ where scalar.properties.generalCategory == .control: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A share of the whole, 0 to 1, with at most two decimals.
    static func percent(_ fraction: Double) -> String {
        let (whole, rest) = Int((fraction * 10_000).rounded()).quotientAndRemainder(dividingBy: 100)
        return "\(whole)" + (rest == 0 ? "" : "." + padded(rest, 2)) + "%"
    }

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// A length of time in its two largest units: `3 d 4 h`, `12 min 5 s`.
    static func duration(nanoseconds: Int128) -> String {
        let seconds = Int(nanoseconds / Int128(Nanoseconds.perSecond))
        let parts = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        var (rest, words) = (seconds, [String]())
        for (length, name) in parts {
            let count = rest / length
            rest %= length
            if count > 0 || !words.isEmpty { words.append(count > 0 ? "\(count) \(name)" : "") }
        }
        let text = words.prefix(2).filter { !$0.isEmpty }.joined(separator: " ")
        return text.isEmpty ? "under 1 s" : text
    }
}
