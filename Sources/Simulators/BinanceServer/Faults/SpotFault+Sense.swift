import TradingCore

/// Whether a fault can strike at all: one that never can would pass for an exchange that behaves.
extension SpotFault {
    /// By what market streams and accounts' streams are named.
    static let streamNames = [
        "stream.depth", "stream.partialDepth", "stream.bookTicker", "stream.trade", "stream.aggTrade", "stream.ticker",
        "stream.miniTicker", "stream.kline", "stream.avgPrice", userStream,
    ]
    static let userStream = "stream.user"

    private static let names = SpotOperation.allCases.map(\.rawValue) + streamNames

    /// - Parameter accounts: everybody who trades here.
    func check(_ place: String, accounts: [String], symbols: [String]) throws(SpotFaultError) {
        if let account, !accounts.contains(account) {
            throw refusal(place, "account \(account)", "must be one of \(Self.joined(accounts))")
        }
        if let symbol, !symbols.contains(symbol) {
            throw refusal(place, "symbol \(symbol)", "must be one of \(Self.joined(symbols))")
        }
        if kind == .ruleChange { return }
        if probability == 0 { throw refusal(place, "probability 0", "must be above 0, or it never strikes") }
        if count == 0 { throw refusal(place, "count 0", "must be above 0, or it never strikes") }
        if kind.needsMilliseconds, milliseconds == 0 {
            throw refusal(place, "milliseconds 0", "must be above 0 for \(kind.rawValue), or nothing happens")
        }
        for pattern in on { try check(pattern, place) }
        if let account, possible(on).allSatisfy({ $0.hasPrefix("stream.") && $0 != Self.userStream }) {
            throw refusal(place, "account \(account)", "must be left out of market streams, which are nobody's")
        }
    }

    private func check(_ pattern: String, _ place: String) throws(SpotFaultError) {
        guard Self.names.contains(where: { Self.matches(pattern, $0) }) else {
            throw refusal(
                place, "on \(pattern)",
                "must be a request such as order.place, a stream such as stream.depth, or the beginning of some, then *"
            )
        }
        guard possible([pattern]).isEmpty else { return }
        let possible = possible([])
        throw refusal(
            place, "on \(pattern)",
            "must be something that \(kind.rawValue) can strike: "
                + (possible.count > 10 ? kind.concern : Self.joined(possible)))
    }

    /// What it can strike of what is named, or of everything.
    private func possible(_ patterns: [String]) -> [String] {
        Self.names.filter { name in
            kind.fits(name) && (patterns.isEmpty || patterns.contains { Self.matches($0, name) })
        }
    }

    static func matches(_ pattern: String, _ name: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : pattern == name
    }

    private func refusal(_ place: String, _ what: String, _ rule: String) -> SpotFaultError {
        SpotFaultError(description: "\(place).\(what): \(rule)")
    }

    private static func joined(_ names: [String]) -> String { names.joined(separator: ", ") }
}

extension SpotFault.Kind {
    /// Without a length it does nothing.
    var needsMilliseconds: Bool {
        switch self {
        case .delay, .late, .stale, .balanceLag: true
        default: false
        }
    }

    /// Fields that say something about this kind, beside those of all.
    var ownFields: [String] {
        switch self {
        case .delay, .late, .stale, .balanceLag, .silent, .ban: ["milliseconds"]
        case .status: ["status", "acts"]
        case .partialFill, .fillDuringCancel: ["percent"]
        case .drop, .disconnect, .limit, .gap, .duplicate, .reorder, .ruleChange: []
        }
    }

    /// All fields that a fault of this kind may have. A change of rules happens at once, whoever asks for what.
    var fields: [String] {
        self == .ruleChange ? ["symbol", "rules"] : ["on", "account", "probability", "count", "skip"] + ownFields
    }

    /// In a word, where there are too many to list.
    var concern: String { isOfStreams ? "streams" : "requests" }
}
