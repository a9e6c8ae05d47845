/// Writes messages of Protocol Buffers, field by field.
public struct ProtobufBytes: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    private mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    public func field(_ number: UInt64, _ value: Int64) -> ProtobufBytes {
        var copy = self
        copy.append(number << 3)
        copy.append(UInt64(bitPattern: value))
        return copy
    }

    public func field(_ number: UInt64, _ text: String) -> ProtobufBytes { field(number, bytes: Array(text.utf8)) }

    public func field(_ number: UInt64, _ message: ProtobufBytes) -> ProtobufBytes {
        field(number, bytes: message.bytes)
    }

    public func field(_ number: UInt64, bytes content: [UInt8]) -> ProtobufBytes {
        var copy = self
        copy.append(number << 3 | 2)
        copy.append(UInt64(content.count))
        copy.bytes += content
        return copy
    }
}
