import Foundation
import TradingCore

/// Numbers by value. CCXT keeps doubles, so two texts are the same number when they are the same double.
enum NumberValue {
    static func areEqual(_ left: String, _ right: String) -> Bool {
        if left == right { return true }
        guard let leftNumber = double(left), let rightNumber = double(right) else { return false }
        return leftNumber == rightNumber
    }

    /// Nil for a text that is no JSON number.
    static func double(_ text: String) -> Double? {
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first),
            let value = try? JSONValue(text), case .number = value
        else { return nil }
        return Double(text)
    }
}
