import Testing
import TradingCore

@testable import Exchanges

@Suite("Protocol Buffers")
struct ProtobufReaderTests {
    private func read<Value>(
        _ bytes: [UInt8], _ body: (inout ProtobufReader) throws(ProtobufError) -> Value
    ) throws(ProtobufError) -> Value {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(ProtobufError) in
                var reader = ProtobufReader(buffer)
                return try body(&reader)
            }
        }
        return try result.get()
    }

    @Test(
        arguments: [
            ([0x00], 0), ([0x01], 1), ([0x7F], 127), ([0x80, 0x01], 128), ([0xAC, 0x02], 300),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], UInt64.max),
        ] as [([UInt8], UInt64)])
    func `numbers of variable length`(_ bytes: [UInt8], _ value: UInt64) throws {
        let found = try read(bytes) { reader throws(ProtobufError) in try reader.varint() }
        #expect(found == value)
    }

    @Test(
        arguments: [
            ([], ProtobufError.Problem.cutShort), ([0x80], .cutShort),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02], .longNumber),
            ([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .longNumber),
        ] as [([UInt8], ProtobufError.Problem)])
    func `numbers that end too early or too late`(_ bytes: [UInt8], _ problem: ProtobufError.Problem) {
        let error = #expect(throws: ProtobufError.self) {
            try read(bytes) { reader throws(ProtobufError) in try reader.varint() }
        }
        #expect(error?.problem == problem)
    }

    @Test(
        arguments: [
            ([0x0A, 0x05, 0x41], .cutShort),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .cutShort),
            ([0x0B], .unknownWireType), ([0x0E], .unknownWireType), ([0x02, 0x00], .fieldNumber),
            ([0x0D, 0x01], .cutShort),
            ([0x09, 0x01, 0x02], .cutShort), ([0x0A, 0x02, 0xC3, 0x28], .invalidUTF8),
        ] as [([UInt8], ProtobufError.Problem)])
    func `fields that lie about themselves`(_ bytes: [UInt8], _ problem: ProtobufError.Problem) {
        let error = #expect(throws: ProtobufError.self) {
            try read(bytes) { reader throws(ProtobufError) in
                while let (_, wire) = try reader.nextField() {
                    if wire == .bytes { _ = try reader.text() } else { try reader.skip(wire) }
                }
            }
        }
        #expect(error?.problem == problem)
    }

    @Test(arguments: ["", "12x", "-1", "9223372036854775808", " 1"])
    func `versions are whole numbers`(_ text: String) {
        let bytes = [UInt8(text.utf8.count)] + Array(text.utf8)
        #expect(throws: ProtobufError.self) {
            try read(bytes) { reader throws(ProtobufError) in try reader.decimalInteger() }
        }
    }

    @Test func `the largest version`() throws {
        let text = "9223372036854775807"
        let bytes = [UInt8(text.utf8.count)] + Array(text.utf8)
        let found = try read(bytes) { reader throws(ProtobufError) in try reader.decimalInteger() }
        #expect(found == .max)
    }
}
