import TradingCore

/// Reads one message of Protocol Buffers from its bytes, field by field, without building anything. No length is believed
/// before it is checked; the bytes must outlive the reader.
///
/// Source: protobuf.dev, "Encoding".
struct ProtobufReader {
    enum Wire: UInt8, Sendable {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let bytes: UnsafeRawBufferPointer
    /// Bytes read so far.
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next field; nil at the message's end. Its value has to be read or skipped before the next is asked for.
    mutating func nextField() throws(ProtobufError) -> (number: Int, wire: Wire)? {
        guard offset < bytes.count else { return nil }
        let start = offset
        let key = try varint()
        guard let wire = Wire(rawValue: UInt8(key & 7)) else {
            throw ProtobufError(offset: start, problem: .unknownWireType)
        }
        let number = key >> 3
        guard number > 0, number < 1 << 29 else { throw ProtobufError(offset: start, problem: .fieldNumber) }
        return (Int(number), wire)
    }

    mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            // The tenth byte holds the last bit.
            if shift == 63, byte > 1 { throw ProtobufError(offset: start, problem: .longNumber) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw ProtobufError(offset: start, problem: .longNumber) }
        }
        throw ProtobufError(offset: start, problem: .cutShort)
    }

    mutating func integer() throws(ProtobufError) -> Int64 { Int64(bitPattern: try varint()) }

    /// A text's bytes, or those of a message within.
    mutating func content() throws(ProtobufError) -> UnsafeRawBufferPointer {
        let start = offset
        let length = try varint()
        guard length <= UInt64(bytes.count - offset) else { throw ProtobufError(offset: start, problem: .cutShort) }
        let end = offset + Int(length)
        defer { offset = end }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
    }

    mutating func text() throws(ProtobufError) -> String {
        let start = offset
        guard let text = String(validating: try content(), as: UTF8.self) else {
            throw ProtobufError(offset: start, problem: .invalidUTF8)
        }
        return text
    }

    /// A number written as text; nil for an empty one.
    mutating func decimal() throws(ProtobufError) -> FixedDecimal? {
        let start = offset
        let content = try content()
        if content.isEmpty { return nil }
        do { return try FixedDecimal(feed: content) } catch { throw ProtobufError(offset: start, problem: .decimal) }
    }

    /// A whole number written as text.
    mutating func decimalInteger() throws(ProtobufError) -> Int64 {
        let start = offset
        var value: Int64 = 0
        let content = try content()
        for byte in content {
            let digit = byte &- 48
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit))
            guard digit < 10, !overflow, !carry else { throw ProtobufError(offset: start, problem: .decimal) }
            value = sum
        }
        guard !content.isEmpty else { throw ProtobufError(offset: start, problem: .decimal) }
        return value
    }

    mutating func skip(_ wire: Wire) throws(ProtobufError) {
        switch wire {
        case .varint: _ = try varint()
        case .bytes: _ = try content()
        case .fixed64: try skip(bytes: 8)
        case .fixed32: try skip(bytes: 4)
        }
    }

    private mutating func skip(bytes length: Int) throws(ProtobufError) {
        guard length <= bytes.count - offset else { throw ProtobufError(offset: offset, problem: .cutShort) }
        offset += length
    }

    /// A field that we know in a form that we do not.
    func expect(_ wire: Wire, _ expected: Wire) throws(ProtobufError) {
        guard wire == expected else { throw ProtobufError(offset: offset, problem: .otherWireType) }
    }
}

/// Why bytes are no message we can read, and where in the message.
struct ProtobufError: Error, Equatable, CustomStringConvertible {
    enum Problem: String, Sendable {
        case cutShort = "the message to go on"
        case unknownWireType = "a wire type of 0, 1, 2 or 5"
        case otherWireType = "the documented wire type"
        case fieldNumber = "a field number from 1"
        case longNumber = "a number of 64 bits"
        case invalidUTF8 = "valid UTF-8"
        case decimal = "a decimal number"
    }

    let offset: Int
    let problem: Problem

    var description: String { "byte \(offset): expected \(problem.rawValue)" }
}
