public import Exchanges
public import TradingCore

/// A stored key of one account at one exchange, its secrets sealed.
public struct ExchangeKey: Hashable, Sendable {
    /// What a key is for. Withdrawals are signed with a key of their own, so that the one that trades need not be able to.
    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        case trade, withdraw
    }

    public var id: Int64
    public var exchange: ExchangeID
    /// Which account of the exchange: the original's `exchange_index`.
    public var label: String
    public var purpose: Purpose
    /// The operator's own name for it.
    public var name: String
    public var apiKey: String
    public var sealed: SealedSecrets
    public var connection: KeyConnection
    /// An operator has said that this trading key may be able to withdraw.
    public var mayWithdraw: Bool
    public var permissions: KeyPermissions
    /// When the exchange last accepted the key; nil: never asked, or never reached.
    public var checkedAt: Timestamp?
    /// Why it did not the last time it was asked.
    public var fault: String?
    /// What of the key that was about; none where it was about something else.
    public var faultCauses: [KeyCause] = []
    public var createdAt: Timestamp

    /// The account's name among all exchanges, as trading states know it.
    public var accountName: String { "\(exchange)/\(label)" }

    /// What its exchange lets it do is not what it is for; nil where it is, and where the exchange does not say.
    var permissionFault: String? {
        guard purpose == .trade, checkedAt != nil else { return nil }
        if permissions.canTrade == false { return "cannot trade: its exchange lets it \(words)" }
        if permissions.canWithdraw == true, !mayWithdraw {
            return "can withdraw, though it is for trading: replace it by one that cannot"
        }
        return nil
    }

    private var words: String {
        let able = permissions.names.filter { $0 != "unknown" }
        return able.isEmpty ? "do nothing" : "\(able.joined(separator: " and ")) alone"
    }
}

/// The secrets of a key, each sealed to the server's public key, as base64.
public struct SealedSecrets: Hashable, Sendable {
    public var secret: String
    public var passphrase: String?
    public var uid: String?

    public init(secret: String, passphrase: String? = nil, uid: String? = nil) {
        self.secret = secret
        self.passphrase = passphrase
        self.uid = uid
    }

    /// The same secrets, opened.
    /// - Returns: nil where one of them does not open.
    func opened(_ apiKey: String, with key: EncryptionKey) -> ExchangeCredentials? {
        guard let secret = SealedBox.open(secret, with: key) else { return nil }
        var credentials = ExchangeCredentials(apiKey: apiKey, secret: secret)
        if let passphrase {
            guard let opened = SealedBox.open(passphrase, with: key) else { return nil }
            credentials.passphrase = opened
        }
        if let uid {
            guard let opened = SealedBox.open(uid, with: key) else { return nil }
            credentials.uid = opened
        }
        return credentials
    }

    /// - Returns: nil where the library refuses.
    static func sealing(_ credentials: ExchangeCredentials, to key: EncryptionKey) -> SealedSecrets? {
        guard let secret = SealedBox.seal(credentials.secret, to: key) else { return nil }
        var sealed = SealedSecrets(secret: secret)
        if let passphrase = credentials.passphrase {
            guard let box = SealedBox.seal(passphrase, to: key) else { return nil }
            sealed.passphrase = box
        }
        if let uid = credentials.uid {
            guard let box = SealedBox.seal(uid, to: key) else { return nil }
            sealed.uid = box
        }
        return sealed
    }
}

/// Where and how an account is reached, beside its key.
public struct KeyConnection: Hashable, Sendable {
    public var environment: ExchangeAccountSettings.Environment
    /// Seconds of the exchange's dead man's switch; nil: not armed.
    public var deadMansSwitchSeconds: Int?
    /// Milliseconds.
    public var receiveWindow: Int64

    public init(
        environment: ExchangeAccountSettings.Environment = .production, deadMansSwitchSeconds: Int? = nil,
        receiveWindow: Int64 = 10_000
    ) {
        self.environment = environment
        self.deadMansSwitchSeconds = deadMansSwitchSeconds
        self.receiveWindow = receiveWindow
    }
}

extension KeyPermissions {
    /// Names for people: `read`, `trade`, `withdraw`, and `unknown` where the exchange does not tell one of them.
    public var names: [String] {
        let all = [("read", canRead), ("trade", canTrade), ("withdraw", canWithdraw)]
        return all.filter { $0.1 == true }.map(\.0) + (all.contains { $0.1 == nil } ? ["unknown"] : [])
    }
}
