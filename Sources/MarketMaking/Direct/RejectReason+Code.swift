import TradingCore

extension RejectReason {
    private static let plain: [(RejectReason, String)] = [
        (.insufficientBalance, "INSUFFICIENT_BALANCE"), (.wouldTake, "WOULD_TAKE"), (.duplicateID, "DUPLICATE_ID"),
        (.noLiquidity, "NO_LIQUIDITY"), (.marketClosed, "MARKET_CLOSED"), (.unavailable, "UNAVAILABLE"),
        (.optionNotSupported, "OPTION_NOT_SUPPORTED"),
    ]

    /// As the store writes it.
    var code: String {
        if case .rule(let violation) = self { return "RULE_\(violation.rawValue)" }
        if case .key(let doubts) = self { return "KEY_\(doubts.rawValue)" }
        return Self.plain.first { $0.0 == self }?.1 ?? "OTHER"
    }

    init?(code: String) {
        if code.hasPrefix("RULE_") {
            guard let violation = UInt8(code.dropFirst(5)).flatMap(RuleViolation.init(rawValue:)) else { return nil }
            self = .rule(violation)
        } else if code.hasPrefix("KEY_") {
            guard let doubts = UInt8(code.dropFirst(4)) else { return nil }
            self = .key(KeyDoubts(rawValue: doubts))
        } else if let known = Self.plain.first(where: { $0.1 == code }) {
            self = known.0
        } else {
            guard code == "OTHER" else { return nil }
            self = .other
        }
    }
}
