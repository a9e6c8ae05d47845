internal import Crypto

/// Ids that say what they are of, never which attempt: the same parts give the same id in every process and for ever, so
/// that whoever receives a thing twice can tell.
public enum StableID {
    /// A UUID (version 8, RFC 9562) of SHA-256 over the parts. Each part's length is hashed too, so that moving a
    /// character from one part to the next gives another id.
    public static func uuid(_ parts: String...) -> String {
        var bytes = digest(parts.map { Array($0.utf8) }).prefix(16).map { $0 }
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += hex(byte >> 4) + hex(byte & 15)
        }
        return text
    }

    /// SHA-256 over parts, each preceded by its length: 32 bytes.
    static func digest(_ parts: [[UInt8]]) -> [UInt8] {
        var hash = SHA256()
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: part)
        }
        return Array(hash.finalize())
    }

    private static func hex(_ nibble: UInt8) -> String { String(nibble, radix: 16) }
}
