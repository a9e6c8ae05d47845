public import TradingCore

public struct WithdrawalOrder: Hashable, Sendable {
    public var place: TransferPlace
    public var address: String
    public var tag: String?
    public var amount: FixedDecimal
    /// The caller's own name for it; without one the same withdrawal cannot be asked for twice within ten minutes.
    public var requestID: String?
    /// Somebody insists: after a restore it is sent although the exchange lists one like it that nothing here claims.
    public var isRepeatAllowed: Bool

    public init(
        place: TransferPlace, address: String, tag: String?, amount: FixedDecimal, requestID: String? = nil,
        isRepeatAllowed: Bool = false
    ) {
        self.place = place
        self.address = address
        self.tag = tag
        self.amount = amount
        self.requestID = requestID
        self.isRepeatAllowed = isRepeatAllowed
    }

    /// One line per fault: field, value and rule. What nobody can see must not tell two addresses, or two requests, apart.
    public var faults: [String] {
        var faults: [String] = []
        if !amount.isPositive { faults.append("amount \(amount): must be above 0") }
        for (name, text) in [("address", address), ("tag", tag)] {
            guard let text, !Self.isPlain(text) else { continue }
            faults.append("\(name): must be 1 to 200 printable ASCII characters without blanks")
        }
        if let requestID, !Self.isVisible(requestID) {
            faults.append("requestId: must be a text of 1 to 200 bytes without blanks and invisible characters")
        }
        return faults
    }

    /// No network's addresses and tags hold more.
    private static func isPlain(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
    }

    static func isVisible(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { scalar in
                let properties = scalar.properties
                if properties.isWhitespace || properties.isDefaultIgnorableCodePoint { return false }
                switch properties.generalCategory {
                case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
                    .paragraphSeparator:
                    return false
                // Braille without a dot is a symbol, and looks like a blank.
                default: return scalar != "\u{2800}"
                }
            }
    }
}
