public import Persistence
public import TradingCore

/// Whether what is stored opens with the key at hand: asked before a server starts (H49, D29, D60).
public struct StoredSecrets {
    let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// To which public key secrets are sealed; nil where none ever was.
    public func publicKey() throws -> String? { try EncryptionKeyStore(transaction: transaction).publicText() }

    /// One line that says why not; nil when every secret opens.
    public func refusal(_ key: EncryptionKey) throws -> String? {
        let keys = try ExchangeKeyStore(transaction: transaction).all()
        if keys.isEmpty { return nil }
        let sealedTo = try EncryptionKeyStore(transaction: transaction).publicText()
        if let sealedTo, sealedTo != key.publicText {
            return """
                ENCRYPTION_PRIVATE_KEY: must be the one with public key \(sealedTo), to which the \(keys.count) stored \
                exchange keys are sealed; this one's is \(key.publicText)
                """
        }
        let closed = keys.filter { $0.sealed.opened($0.apiKey, with: key) == nil }
        if closed.isEmpty { return nil }
        let names = closed.prefix(5).map { "\($0.id) (\($0.accountName))" }.joined(separator: ", ")
        let more = closed.count > 5 ? " and \(closed.count - 5) more" : ""
        return """
            exchange keys \(names)\(more): cannot be opened with ENCRYPTION_PRIVATE_KEY; give the key that sealed them, or \
            take them out with `mrmarket keys remove ID`
            """
    }

    /// Notes to which key secrets are sealed from here on, where there are none yet.
    public func adopt(_ key: EncryptionKey, now: Timestamp) throws {
        let store = EncryptionKeyStore(transaction: transaction)
        let isEmpty = try ExchangeKeyStore(transaction: transaction).all().isEmpty
        if try store.publicText() == nil || isEmpty { try store.put(key, now: now) }
    }
}

extension StoredSecrets {
    /// All of them, as they may be seen.
    public func keys() throws -> [ExchangeKeyView] {
        try ExchangeKeyStore(transaction: transaction).all().map(ExchangeKeyView.init)
    }

    /// - Returns: false when there was none.
    /// - Throws: ``ExchangeKeyError/sendsWithdrawal(key:withdrawal:)`` while a server sends what it signed.
    public func remove(_ id: Int64, now: Timestamp) throws -> Bool {
        let keys = ExchangeKeyStore(transaction: transaction)
        guard let key = try keys.key(id) else { return false }
        try KeyFollowers(transaction: transaction).checkNothingLeaves(key, now: now)
        return try keys.delete(id)
    }
}
