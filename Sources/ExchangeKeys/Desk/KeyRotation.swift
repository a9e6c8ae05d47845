public import Persistence
public import TradingCore

/// Seals everything that is stored to another key, in one transaction: after a crash either all of it is, or nothing.
public struct KeyRotation: Sendable {
    let old: EncryptionKey
    let new: EncryptionKey

    public init(from old: EncryptionKey, to new: EncryptionKey) {
        self.old = old
        self.new = new
    }

    /// - Returns: how many keys were sealed anew.
    /// - Throws: ``ExchangeKeyError/encryptionKey(_:)`` when something stored does not open with the old key.
    public func carryOut(_ transaction: any SQLTransaction, now: Timestamp) throws -> Int {
        let keys = ExchangeKeyStore(transaction: transaction)
        let encryption = EncryptionKeyStore(transaction: transaction)
        try encryption.require(old, now: now)
        let all = try keys.all()
        for key in all {
            guard let opened = key.sealed.opened(key.apiKey, with: old),
                let sealed = SealedSecrets.sealing(opened, to: new)
            else {
                throw ExchangeKeyError.encryptionKey(
                    "exchange key \(key.id) (\(key.accountName)) cannot be opened with the present encryption key; "
                        + "nothing was changed")
            }
            try keys.reseal(key.id, sealed, now: now)
        }
        try encryption.put(new, now: now)
        return all.count
    }
}

extension KeyRotation {
    /// A whole rotation to a key of its own making: see ``EncryptionKeyFile`` for the order of steps.
    /// - Returns: the new key, and how many stored keys are sealed to it.
    public static func perform(
        from old: EncryptionKey, _ file: any EncryptionKeyFile, _ database: any SQLDatabase, now: Timestamp
    ) async throws(ExchangeKeyError) -> (key: EncryptionKey, count: Int) {
        guard let new = EncryptionKey.random() else { throw .encryptionKey("no new key could be made") }
        try file.keepNext(new.privateText)
        let count: Int
        do {
            count = try await database.write { try KeyRotation(from: old, to: new).carryOut($0, now: now) }
        } catch SQLError.outcomeUnknown(let why) {
            // The commit may have been taken: both keys stay, and the next start sees which is right.
            throw .storageUnavailable("\(why). Start again: which encryption key holds is found out then")
        } catch {
            file.dropNext()
            throw error as? ExchangeKeyError ?? .storageUnavailable("\(error)")
        }
        try file.promoteNext()
        return (new, count)
    }
}
