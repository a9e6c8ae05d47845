package import TradingCore

/// Our order ids as letters and digits, for exchanges that allow those: `mrm` and nine digits of base 36.
///
/// The fixed length and prefix keep foreign orders from being taken for ours.
package enum PlainClientOrderID {
    package static let prefix = "mrm"
    /// 36⁹ is above 2⁴⁵.
    static let digits = 9

    package static func text(_ id: ClientOrderID) -> String {
        let number = String(id.rawValue, radix: 36)
        return prefix + String(repeating: "0", count: digits - number.utf8.count) + number
    }

    /// Nil for whatever ``text(_:)`` did not make.
    package static func id(_ text: String) -> ClientOrderID? {
        guard text.utf8.count == prefix.utf8.count + digits, text.hasPrefix(prefix) else { return nil }
        let number = text.dropFirst(prefix.count)
        guard number.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }),
            let value = UInt64(number, radix: 36)
        else { return nil }
        return ClientOrderID(rawValue: value)
    }
}
