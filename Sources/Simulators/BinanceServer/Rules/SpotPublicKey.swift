import Crypto
import FoundationEssentials

/// The public half of an Ed25519 key, by which its holder's signatures are checked.
public struct SpotPublicKey: Hashable, Sendable {
    /// 32 bytes that are a point of the curve, as far as the library says.
    private let bytes: [UInt8]
    /// What stands before them in a `SubjectPublicKeyInfo` (RFC 8410).
    private static let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

    /// Reads a key as tools write it: PEM, its Base64 alone, or the 32 bytes in Base64.
    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }
        let body = lines.joined().filter { !$0.isWhitespace }
        guard let data = Data(base64Encoded: body) else { return nil }
        var bytes = Array(data)
        if bytes.count == 44, bytes.starts(with: Self.prefix) { bytes.removeFirst(Self.prefix.count) }
        guard bytes.count == 32, (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil else {
            return nil
        }
        self.bytes = bytes
    }

    /// - Parameter signature: Base64. Blanks stand for pluses that a client has not escaped in its query.
    func isValid(_ signature: String, of text: String) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes),
            let bytes = Data(base64Encoded: signature.replacing(" ", with: "+")), bytes.count == 64
        else { return false }
        return key.isValidSignature(bytes, for: Array(text.utf8))
    }
}
