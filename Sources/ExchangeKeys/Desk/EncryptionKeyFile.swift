public import Exchanges

/// Where the private encryption key is kept, apart from what it seals. Two places cannot change at once; so a rotation goes:
/// the new key is kept *beside* the present one, everything is sealed anew in one transaction that also notes the new public
/// key, and then the new key takes the present one's place. A start after a crash compares with what is noted and goes on or
/// takes back (``EncryptionKeyChoice``).
public protocol EncryptionKeyFile: Sendable {
    /// Keeps the key that is to be, durably, and does not touch the present one.
    func keepNext(_ key: Secret) throws(ExchangeKeyError)
    /// The key that is to be takes the place of the present one, which is put aside: backups may need it.
    func promoteNext() throws(ExchangeKeyError)
    /// The rotation did not happen.
    func dropNext()
}

/// What a start does about a rotation that may have been cut short.
public enum EncryptionKeyChoice: Hashable, Sendable {
    case present
    /// The present key is right, the next one was never used.
    case dropNext
    /// Everything is sealed to the next key already.
    case promoteNext
    /// Neither is right.
    case neither

    /// - Parameters:
    ///   - sealedTo: the public key noted in the database; nil where nothing was ever sealed.
    public init(sealedTo: String?, present: EncryptionKey, next: EncryptionKey?) {
        guard let sealedTo else {
            self = next == nil ? .present : .dropNext
            return
        }
        if sealedTo == present.publicText {
            self = next == nil ? .present : .dropNext
        } else if sealedTo == next?.publicText {
            self = .promoteNext
        } else {
            self = .neither
        }
    }
}
