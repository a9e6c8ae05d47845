import Foundation

/// Names that people give: of users, clients and requests.
///
/// Two texts that look and compare the same, as Swift compares them, may be of other bytes, as the store compares them: a state set for
/// one strategy would hold another. So each name has the one form that Unicode calls NFC, in which they are the same bytes.
enum GivenName {
    static let rule =
        "a text of 1 to 128 characters without control or invisible ones, its letters composed (Unicode's form NFC)"

    static func isFit(_ text: String) -> Bool {
        if (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (32...126).contains($0) }) { return true }
        // Any number of marks may stand on one letter, and count as one character with it.
        return text.utf8.count <= 1_024 && (1...128).contains(text.count) && text.unicodeScalars.allSatisfy(isVisible)
            && isComposed(text)
    }

    /// Whether it is what every text that Swift takes for the same would be made.
    static func isComposed(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 < 128 } || text.precomposedStringWithCanonicalMapping.utf8.elementsEqual(text.utf8)
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
