import Persistence
import TradingCore

/// `exchange_encryption_key`: to which public key the stored secrets are sealed.
struct EncryptionKeyStore {
    let transaction: any SQLTransaction

    func publicText() throws -> String? {
        try transaction.row("SELECT public_key FROM exchange_encryption_key WHERE id = 1")?.get(0)
    }

    func put(_ key: EncryptionKey, now: Timestamp) throws {
        let changed = try transaction.execute(
            "UPDATE exchange_encryption_key SET public_key = \(key.publicText), since = \(now) WHERE id = 1")
        if changed == 0 {
            try transaction.execute(
                """
                INSERT INTO exchange_encryption_key (id, public_key, since) VALUES (1, \(key.publicText), \(now))
                """)
        }
    }

    /// Whoever writes a sealed secret asks first: another process may have changed the key meanwhile.
    /// - Throws: ``ExchangeKeyError/encryptionKey(_:)``.
    func require(_ key: EncryptionKey, now: Timestamp) throws {
        guard let stored = try publicText() else { return try put(key, now: now) }
        guard stored == key.publicText else {
            throw ExchangeKeyError.encryptionKey(
                "the encryption key has been changed by another process; start this server anew with the new one")
        }
    }
}

/// `exchange_key_seeds`: which keys of the environment have been taken over.
struct KeySeedStore {
    let transaction: any SQLTransaction

    /// - Returns: false when it was noted before.
    func note(_ fingerprint: String, now: Timestamp) throws -> Bool {
        try transaction.execute(
            """
            INSERT INTO exchange_key_seeds (fingerprint, seeded_at) VALUES (\(fingerprint), \(now))
            ON CONFLICT (fingerprint) DO NOTHING
            """) == 1
    }
}
