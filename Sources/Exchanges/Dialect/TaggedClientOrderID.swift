package import TradingCore

/// Our order ids with the tag of the database that made them: `mrk`, six digits of base 36 for the tag, nine for the number.
///
/// Lower-case letters and digits, 18 of them: every exchange that takes texts takes this. The fixed length and a prefix that
/// no id without a tag has keep either from being read as the other.
package enum TaggedClientOrderID {
    package static let prefix = "mrk"
    /// 36⁶ is above 2³⁰.
    static let tagDigits = 6
    /// 36⁹ is above 2⁴⁵.
    static let digits = 9

    package static func text(_ id: ClientOrderID, _ tag: OrderTag) -> String {
        prefix + padded(UInt64(tag.rawValue), tagDigits) + padded(id.rawValue, digits)
    }

    /// Nil for whatever ``text(_:_:)`` did not make with this tag.
    package static func id(_ text: Substring, _ tag: OrderTag) -> ClientOrderID? {
        let start = prefix + padded(UInt64(tag.rawValue), tagDigits)
        guard text.utf8.count == start.utf8.count + digits, text.hasPrefix(start) else { return nil }
        let number = text.dropFirst(start.count)
        guard number.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }),
            let value = UInt64(number, radix: 36)
        else { return nil }
        return ClientOrderID(rawValue: value)
    }

    private static func padded(_ value: UInt64, _ width: Int) -> String {
        let text = String(value, radix: 36)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
