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
    public var permissions: SpotPermissions

    public init(_ key: String, _ proof: Proof, _ permissions: SpotPermissions = SpotPermissions()) {
        self.key = key
        self.proof = proof
        self.permissions = permissions
    }
}

/// What a key may do. Withdrawing is told and no more: there is nowhere to withdraw to.
public struct SpotPermissions: Hashable, Sendable {
    public var canRead = true
    public var canTrade = true
    public var canWithdraw = false
    /// Where its requests may come from; nil: from anywhere.
    public var addresses: [String]?

    public init(
        canRead: Bool = true, canTrade: Bool = true, canWithdraw: Bool = false, addresses: [String]? = nil
    ) {
        self.canRead = canRead
        self.canTrade = canTrade
        self.canWithdraw = canWithdraw
        self.addresses = addresses
    }

    /// What a request needs.
    enum Need { case nothing, reading, trading }

    func allow(_ need: Need, from address: String) -> Bool {
        if let addresses, !addresses.contains(address) { return false }
        switch need {
        case .nothing: return true
        case .reading: return canRead
        case .trading: return canTrade
        }
    }
}
