/// What runs under a key at most once: `<userId>-<clientId>-<type>`, the original's strategy key.
public struct StrategyKey: Hashable, Sendable, CustomStringConvertible {
    public var userID: String
    public var clientID: String
    public var type: StrategyType

    public init(userID: String, clientID: String, type: StrategyType) {
        self.userID = userID
        self.clientID = clientID
        self.type = type
    }

    public var description: String { "\(userID)-\(clientID)-\(type.rawValue)" }
}

public enum StrategyType: String, Hashable, Sendable, CaseIterable {
    case pureMarketMaking, arbitrage, volume
    /// Orders that people place, all of one place under one key; no strategy, and none that can be started or stopped.
    case direct

    /// The type by the engine's name or the admin API's (`marketMaking`), which the original confused (D12).
    public init?(wireName: String) {
        if wireName == "direct" { return nil }
        if wireName == "marketMaking" { self = .pureMarketMaking } else { self.init(rawValue: wireName) }
    }
}
