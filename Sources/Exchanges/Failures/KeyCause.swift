public import TradingCore

/// What about a key an exchange does not like.
public enum KeyCause: String, Hashable, Sendable, CaseIterable {
    /// Key, secret, passphrase or signature are wrong, or the key is no more.
    case key
    /// The key is good and may not do this.
    case permission
    /// The key is bound to other IP addresses than ours.
    case address
    /// The clock here and the exchange's are too far apart.
    case clock

    /// For people.
    public var words: String {
        switch self {
        case .key: "key, secret or passphrase are wrong"
        case .permission: "the key has not the permission"
        case .address: "the key is bound to other IP addresses"
        case .clock: "the clock here and the exchange's differ"
        }
    }
}

extension KeyDoubts {
    public init(_ causes: [KeyCause]) { self = causes.reduce(into: []) { $0.insert($1.doubt) } }

    /// For people.
    public var words: String {
        KeyCause.allCases.filter { contains($0.doubt) }.map(\.words).joined(separator: ", or ")
    }
}

extension KeyCause {
    fileprivate var doubt: KeyDoubts {
        switch self {
        case .key: .key
        case .permission: .permission
        case .address: .address
        case .clock: .clock
        }
    }
}

extension ExchangeFailure {
    /// What of the key this may be about; several where the exchange does not say which, none where it is about something else.
    public var keyCauses: [KeyCause] {
        if let code, let known = KeyCauseCodes.of(exchange, code) { return known }
        if isForItsTime || kind == .invalidNonce { return [.clock] }
        if kind.is(.permissionDenied) { return tellsOfAddresses ? [.address] : [.permission, .address] }
        if kind.is(.authenticationError) { return tellsOfAddresses ? [.address] : [.key, .address] }
        return []
    }

    private var tellsOfAddresses: Bool {
        let words = message.lowercased()
        return words.contains("ip address") || words.contains("whitelist") || words.contains("white list")
    }
}

/// Codes that say more than their kind does, from the exchanges' documentation.
private enum KeyCauseCodes {
    static func of(_ exchange: String, _ code: String) -> [KeyCause]? {
        if let row = single.first(where: { $0.exchange == exchange && $0.codes.contains(code) }) { return [row.cause] }
        return several[exchange]?[code]
    }

    private static let several: [String: [String: [KeyCause]]] = [
        // "Invalid API-key, IP, or permissions for action."
        "binance": ["-2015": [.key, .permission, .address]],
        // Says only that a request was refused, whatever for.
        "bitfinex": ["10001": []],
    ]

    private static let single: [(exchange: String, cause: KeyCause, codes: Set<String>)] = [
        ("binance", .key, ["-1022", "-2008", "-2014"]), ("binance", .permission, ["-1002"]),
        ("binance", .clock, ["-1021"]),
        ("bitfinex", .key, ["10100"]), ("bitfinex", .clock, ["10114"]),
        ("bybit", .key, ["10003", "10004", "33004"]), ("bybit", .permission, ["10005"]),
        ("bybit", .address, ["10009", "10010"]), ("bybit", .clock, ["10002"]),
        ("gate", .key, ["INVALID_KEY", "INVALID_SIGNATURE", "INVALID_CREDENTIALS", "MISSING_REQUIRED_HEADER"]),
        ("gate", .permission, ["READ_ONLY", "FORBIDDEN"]), ("gate", .address, ["IP_FORBIDDEN"]),
        ("gate", .clock, ["REQUEST_EXPIRED"]),
        ("kucoin", .key, ["400001", "400003", "400004", "400005"]), ("kucoin", .permission, ["400007"]),
        ("kucoin", .address, ["400006"]), ("kucoin", .clock, ["400002"]),
        ("mexc", .key, ["602", "700001", "700002"]), ("mexc", .permission, ["700007", "30020"]),
        ("mexc", .address, ["700006"]), ("mexc", .clock, ["700003", "700005"]),
        ("okx", .key, ["50101", "50103", "50104", "50105", "50106", "50107", "50111", "50113", "60005", "60024"]),
        ("okx", .permission, ["50114", "50120"]), ("okx", .address, ["50035", "50110"]),
        ("okx", .clock, ["50102", "50112", "60006"]),
    ]
}
