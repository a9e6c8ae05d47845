public import Exchanges
public import TradingCore

/// What operators may ask of exchange keys. Nothing that comes from here holds a secret, sealed or open.
public protocol ExchangeKeyDesk: Sendable {
    /// What clients seal secrets to: base64 of 32 bytes.
    func publicKey() async -> String
    func list() async throws(ExchangeKeyError) -> [ExchangeKeyView]
    /// Opens, asks the exchange, seals again and stores.
    func add(_ key: NewExchangeKey) async throws(ExchangeKeyError) -> ExchangeKeyView
    /// The key is gone and its account sends nothing more when this returns (H47).
    /// - Parameter force: also when something trades with it, or it is the last key that can follow withdrawals to their end.
    /// - Returns: false when there was none.
    func remove(_ id: Int64, force: Bool) async throws(ExchangeKeyError) -> Bool
    /// Asks the exchange about a stored key again.
    func check(_ id: Int64) async throws(ExchangeKeyError) -> ExchangeKeyView
    /// How every account stands, those that cannot trade and why among them.
    func readiness() async throws(ExchangeKeyError) -> [AccountReadiness]
    /// Makes a new encryption key, seals everything to it and lets the old one go.
    /// - Returns: the new public key.
    func rotate() async throws(ExchangeKeyError) -> String
}

/// A stored key as it may be seen.
public struct ExchangeKeyView: Hashable, Sendable {
    public var id: Int64
    public var exchange: ExchangeID
    public var label: String
    public var purpose: ExchangeKey.Purpose
    public var name: String
    public var apiKey: String
    public var hasPassphrase: Bool
    public var hasUID: Bool
    public var environment: ExchangeAccountSettings.Environment
    public var deadMansSwitchSeconds: Int?
    public var permissions: KeyPermissions
    public var mayWithdraw: Bool
    public var checkedAt: Timestamp?
    /// Why the exchange would not have it when it was last asked or traded with, or what it may do that it should not, or may not
    /// that it should; nil when all is well.
    public var fault: String?
    /// Which of key, permission, address and clock that may be about; several where the exchange does not say which.
    public var faultCauses: [KeyCause]
    public var createdAt: Timestamp

    public init(_ key: ExchangeKey) {
        id = key.id
        exchange = key.exchange
        label = key.label
        purpose = key.purpose
        name = key.name
        apiKey = key.apiKey
        hasPassphrase = key.sealed.passphrase != nil
        hasUID = key.sealed.uid != nil
        environment = key.connection.environment
        deadMansSwitchSeconds = key.connection.deadMansSwitchSeconds
        permissions = key.permissions
        mayWithdraw = key.mayWithdraw
        checkedAt = key.checkedAt
        fault = key.fault ?? key.permissionFault
        faultCauses = key.fault == nil && key.permissionFault != nil ? [.permission] : key.faultCauses
        createdAt = key.createdAt
    }
}

/// Whether an account of stored keys can be traded with.
public struct AccountReadiness: Hashable, Sendable {
    public var exchange: ExchangeID
    public var label: String
    public var canTrade: Bool
    public var hasWithdrawalKey: Bool
    public var isStreaming: Bool
    /// Everything that keeps it from trading, or that an operator should know.
    public var faults: [String]

    public init(
        exchange: ExchangeID, label: String, canTrade: Bool, hasWithdrawalKey: Bool, isStreaming: Bool, faults: [String]
    ) {
        self.exchange = exchange
        self.label = label
        self.canTrade = canTrade
        self.hasWithdrawalKey = hasWithdrawalKey
        self.isStreaming = isStreaming
        self.faults = faults
    }
}
