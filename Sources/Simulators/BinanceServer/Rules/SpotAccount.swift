public import Exchanges
public import TradingCore

/// Somebody who trades here: a name, keys to get in with, and what it starts with.
public struct SpotAccount: Hashable, Sendable {
    public var name: String
    public var keys: [SpotKey]
    public var funds: [AssetID: FixedDecimal]

    public init(name: String, keys: [SpotKey], funds: [AssetID: FixedDecimal]) {
        self.name = name
        self.keys = keys
        self.funds = funds
    }

    /// With one key of the usual kind.
    public init(name: String, key: String, secret: Secret, funds: [AssetID: FixedDecimal]) {
        self.init(name: name, keys: [SpotKey(key, .secret(secret))], funds: funds)
    }
}

/// A key of an account.
public struct SpotKey: Hashable, Sendable {
    /// How its holder signs.
    public enum Proof: Hashable, Sendable {
        /// HMAC-SHA256, in hexadecimal.
        case secret(Secret)
        /// Ed25519, in Base64.
        case ed25519(SpotPublicKey)
    }

    /// Up to 128 letters, digits, `-` and `_`.
    public var key: String
    public var proof: Proof

    public init(_ key: String, _ proof: Proof) {
        self.key = key
        self.proof = proof
    }
}
