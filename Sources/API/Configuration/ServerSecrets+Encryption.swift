public import ExchangeKeys
import Exchanges
import Foundation
public import Persistence
public import TradingCore

extension ServerSecrets {
    /// The encryption key that what is stored opens with. An interrupted rotation is finished or taken back first.
    /// - Returns: the key, and its file; nil where it comes from the environment.
    /// - Throws: ``ConfigurationErrors`` with one line when stored secrets do not open (H49, D60).
    public func encryption(
        _ configuration: ServerConfiguration, _ database: any SQLDatabase, now: Timestamp
    ) async throws -> (key: EncryptionKey, file: EncryptionKeyFolder?) {
        let (key, file) = try await encryptionUnchecked(configuration, database)
        let refusal = try await database.read { try StoredSecrets(transaction: $0).refusal(key) }
        if let refusal { throw ConfigurationErrors(lines: [refusal]) }
        try await database.write { try StoredSecrets(transaction: $0).adopt(key, now: now) }
        return (key, file)
    }

    /// The same without a look at what is stored: for taking out what does not open.
    public func encryptionUnchecked(
        _ configuration: ServerConfiguration, _ database: any SQLDatabase
    ) async throws -> (key: EncryptionKey, file: EncryptionKeyFolder?) {
        guard let present = EncryptionKey(base64: encryptionKey) else {
            throw ConfigurationErrors(lines: ["ENCRYPTION_PRIVATE_KEY=***: must be base64 of at least 32 bytes"])
        }
        if configuration.text("ENCRYPTION_PRIVATE_KEY") != nil { return (present, nil) }
        let folder = EncryptionKeyFolder(configuration.dataFolder)
        let sealedTo = try await database.read { try StoredSecrets(transaction: $0).publicKey() }
        let next = folder.nextKey
        switch EncryptionKeyChoice(sealedTo: sealedTo, present: present, next: next) {
        case .present, .neither: return (present, folder)
        case .dropNext:
            folder.dropNext()
            return (present, folder)
        case .promoteNext:
            try folder.promoteNext()
            return (next ?? present, folder)
        }
    }
}
