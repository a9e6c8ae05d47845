import CSodium
public import Exchanges
import Foundation

/// The server's X25519 key: clients seal exchange secrets to its public half, the store keeps them sealed to it, and only the
/// private half opens them. Prints as its public half.
public struct EncryptionKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Bytes of either half.
    static let length = crypto_box_publickeybytes()

    let privateBytes: [UInt8]
    let publicBytes: [UInt8]

    /// Reads a private key as the original does: base64 of 32 bytes; of a longer one, PKCS#8, the last 32 count.
    /// - Returns: nil where that is none.
    public init?(base64 text: Secret) {
        guard let bytes = Data(base64Encoded: text.reveal()), bytes.count >= Self.length else { return nil }
        self.init(privateBytes: Array(bytes.suffix(Self.length)))
    }

    init?(privateBytes: [UInt8]) {
        var publicBytes = [UInt8](repeating: 0, count: Self.length)
        guard Sodium.isReady, privateBytes.count == Self.length,
            crypto_scalarmult_base(&publicBytes, privateBytes) == 0
        else { return nil }
        self.privateBytes = privateBytes
        self.publicBytes = publicBytes
    }

    /// A new one, of the library's own randomness.
    static func random() -> EncryptionKey? {
        guard Sodium.isReady else { return nil }
        var bytes = [UInt8](repeating: 0, count: length)
        randombytes_buf(&bytes, length)
        return EncryptionKey(privateBytes: bytes)
    }

    /// What clients seal to, as base64.
    public var publicText: String { Data(publicBytes).base64EncodedString() }

    /// The private half as files and settings hold it.
    var privateText: Secret { Secret(Data(privateBytes).base64EncodedString()) }

    public var description: String { "encryption key with public half \(publicText)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["publicText": publicText]) }
}

/// libsodium, made ready once.
enum Sodium {
    static let isReady = sodium_init() >= 0
}
