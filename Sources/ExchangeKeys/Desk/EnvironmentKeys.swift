import CSodium
public import Exchanges
public import Persistence
public import TradingCore

/// A key that the environment gives, `<NAME>_API_KEY` and its companions.
public struct EnvironmentKey: Hashable, Sendable {
    public var exchange: ExchangeID
    public var label: String
    public var credentials: ExchangeCredentials
    public var connection = KeyConnection()

    /// Suffixes of variables, and which account each is.
    public static let accounts = [("", "default"), ("_2", "account2"), ("_READ_ONLY", "read-only")]

    /// - Parameters:
    ///   - names: of exchanges, as the variables begin.
    ///   - setting: a variable's value; nil where it is not set.
    public static func all(of names: [String], setting: (String) -> String?) -> [EnvironmentKey] {
        names.flatMap { name in
            accounts.compactMap { suffix, label in
                guard let key = setting("\(name)_API_KEY\(suffix)"), let secret = setting("\(name)_SECRET\(suffix)")
                else { return nil }
                return EnvironmentKey(
                    exchange: ExchangeID(rawValue: name.lowercased()), label: label,
                    credentials: ExchangeCredentials(
                        apiKey: key, secret: Secret(secret),
                        passphrase: setting("\(name)_PASSPHRASE\(suffix)").map { Secret($0) },
                        uid: setting("\(name)_UID\(suffix)").map { Secret($0) }))
            }
        }
    }

    /// Tells this key from every other without showing it.
    var fingerprint: String {
        var hash = [UInt8](repeating: 0, count: 32)
        let text = Array("\(exchange)\n\(label)\n\(credentials.apiKey)".utf8)
        crypto_generichash(&hash, hash.count, text, UInt64(text.count), nil, 0)
        return hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Takes keys of the environment into the store, each once: one that an operator deletes does not come back (D33).
public struct EnvironmentKeySeeding {
    private let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// What became of the keys that were given.
    public struct Seeded: Hashable, Sendable {
        /// Names of accounts.
        public var added: [String] = []
        /// A line each, naming the account and why.
        public var leftOut: [String] = []
    }

    /// They are not used before their exchange has accepted them; a start waits for no exchange, and nobody can say yet what trades. So
    /// an account that was on another network is left out: what traded there would go on where nothing of it is.
    public func carryOut(
        _ keys: [EnvironmentKey], sealedTo encryption: EncryptionKey, now: Timestamp
    ) throws -> Seeded {
        let store = ExchangeKeyStore(transaction: transaction)
        var seeded = Seeded()
        for given in keys {
            let account = "\(given.exchange)/\(given.label)"
            if let was = try store.network(of: account), was != given.connection.environment,
                try !store.labels(given.exchange, .trade).contains(given.label)
            {
                seeded.leftOut.append(
                    """
                    \(account): its key of the environment is for \(given.connection.environment.name), and it traded on \(was.name) \
                    before; store it with POST /admin/exchanges/keys, which says what is left there
                    """)
                continue
            }
            guard try KeySeedStore(transaction: transaction).note(given.fingerprint, now: now),
                try !store.labels(given.exchange, .trade).contains(given.label),
                try !store.trading(given.exchange).contains(where: { $0.apiKey == given.credentials.apiKey })
            else { continue }
            guard let sealed = SealedSecrets.sealing(given.credentials, to: encryption) else {
                throw ExchangeKeyError.encryptionKey(
                    "the secret of \(given.exchange)/\(given.label) could not be sealed")
            }
            try EncryptionKeyStore(transaction: transaction).require(encryption, now: now)
            let key = ExchangeKey(
                NewExchangeKey(
                    exchange: given.exchange, label: given.label, name: given.label, apiKey: given.credentials.apiKey,
                    sealed: sealed, connection: given.connection), now: now)
            _ = try store.insert(key)
            seeded.added.append(key.accountName)
        }
        return seeded
    }
}
