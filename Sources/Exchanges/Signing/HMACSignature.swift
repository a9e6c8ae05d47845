import Crypto
import FoundationEssentials

/// Keyed hashes as exchanges want them. All of them over the UTF-8 of a text.
enum HMACSignature {
    static func sha256(_ text: String, _ secret: Secret) -> [UInt8] { bytes(text, secret, SHA256.self) }
    static func sha384(_ text: String, _ secret: Secret) -> [UInt8] { bytes(text, secret, SHA384.self) }
    static func sha512(_ text: String, _ secret: Secret) -> [UInt8] { bytes(text, secret, SHA512.self) }

    private static func bytes<Hash: HashFunction>(_ text: String, _ secret: Secret, _: Hash.Type) -> [UInt8] {
        let key = SymmetricKey(data: Array(secret.reveal().utf8))
        return Array(HMAC<Hash>.authenticationCode(for: Array(text.utf8), using: key))
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal.
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 2 * count) { text in
            for (index, byte) in self.enumerated() {
                text[2 * index] = digits[Int(byte >> 4)]
                text[2 * index + 1] = digits[Int(byte & 15)]
            }
            return 2 * count
        }
    }

    /// RFC 4648, with padding.
    var base64: String { Data(self).base64EncodedString() }
}
