import CSodium
public import Exchanges
import Foundation

/// libsodium's anonymous sealed box, `crypto_box_seal`: anybody who knows a public key can close one, only its owner can open
/// it. Text form: standard base64, padded, of 32 bytes ephemeral public key, 16 bytes tag, and the message.
///
/// https://doc.libsodium.org/public-key_cryptography/sealed_boxes
public enum SealedBox {
    /// By how much the sealed form is longer than what is in it.
    static let overhead = crypto_box_sealbytes()

    /// - Returns: nil where the library refuses, which no key that is one makes it do.
    static func seal(_ secret: Secret, to key: EncryptionKey) -> String? {
        seal(secret, toPublic: key.publicBytes)
    }

    /// What a client does.
    /// - Parameter publicText: base64 of 32 bytes.
    /// - Returns: nil where that is no public key.
    public static func seal(_ secret: Secret, toPublic publicText: String) -> String? {
        guard let bytes = Data(base64Encoded: publicText), bytes.count == EncryptionKey.length else { return nil }
        return seal(secret, toPublic: Array(bytes))
    }

    private static func seal(_ secret: Secret, toPublic publicBytes: [UInt8]) -> String? {
        guard Sodium.isReady else { return nil }
        let message = Array(secret.reveal().utf8)
        var box = [UInt8](repeating: 0, count: message.count + overhead)
        guard crypto_box_seal(&box, message, UInt64(message.count), publicBytes) == 0 else { return nil }
        return Data(box).base64EncodedString()
    }

    /// - Returns: nil for what is no base64, too short, damaged, sealed to another key, or no text.
    static func open(_ text: String, with key: EncryptionKey) -> Secret? {
        guard Sodium.isReady, let data = Data(base64Encoded: text), data.count >= overhead else { return nil }
        let box = Array(data)
        var message = [UInt8](repeating: 0, count: max(1, box.count - overhead))
        guard crypto_box_seal_open(&message, box, UInt64(box.count), key.publicBytes, key.privateBytes) == 0 else {
            return nil
        }
        return String(validating: message.prefix(box.count - overhead), as: UTF8.self).map { Secret($0) }
    }
}
