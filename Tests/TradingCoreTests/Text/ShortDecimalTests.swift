import Scheduling
import Testing
import TradingCore

@Suite("Short decimals")
struct ShortDecimalTests {
    private func scan(_ text: String) -> (length: Int, count: Int64) {
        var count: Int64 = -1
        let bytes = Array(text.utf8)
        let length = bytes.withUnsafeBytes { buffer in
            buffer.baseAddress.map { ShortDecimal.scan($0, from: 0, upTo: buffer.count, into: &count) } ?? 0
        }
        return (length, count)
    }

    @Test(arguments: [
        ("0", 0), ("7", 700_000_000), ("00.10", 10_000_000), ("61837.64", 6_183_764_000_000), ("0.00000001", 1),
        ("12345678", 1_234_567_800_000_000), ("123456789.5", 12_345_678_950_000_000),
        ("9999999999.99999999", 999_999_999_999_999_999), ("12345678.12345678", 1_234_567_812_345_678),
    ])
    func `reads what feeds send`(_ text: String, _ count: Int64) {
        let (length, found) = scan(text + "\",\"1\"]],\"a\":[]")
        #expect(length == text.utf8.count && found == count)
    }

    @Test(arguments: [
        "", "-1", ".5", "1.", "1.x", "x", "12345678901", "1.123456789", "1e5", "1E5", "1.5e3", "\"", "99999999999.1",
    ])
    func `leaves every other form alone`(_ text: String) {
        let (length, count) = scan(text + "\",\"1\"]],\"a\":[]")
        #expect(length == 0 && count == -1)
    }

    /// Bytes that are no part of the number are never read as one.
    @Test func `takes nothing near the end of the bytes`() {
        for length in 0..<9 { #expect(scan(String("12.5\"],[\"".prefix(length))).length == 0) }
        #expect(scan("12.5\"],[\"7.2").length == 4)
    }

    @Test func `takes nothing that an exact reader would not, with the same value`() {
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SplitMix64(seed: seed)
        let letters = Array("01234567890123456789012345678901234567890123456789....-e\", ".utf8)
        var taken = 0
        for _ in 0..<200_000 {
            let length = Int(random.below(40))
            let bytes = (0..<length).map { _ in letters[Int(random.below(UInt64(letters.count)))] }
            let (read, count) = scan(String(decoding: bytes, as: UTF8.self))
            guard read > 0 else { continue }
            taken += 1
            let number = bytes[..<read].withUnsafeBytes { try? FixedDecimal(utf8: $0) }
            let next = bytes[read]
            if number != FixedDecimal(hundredMillionths: count) || (48...57).contains(next) || next | 0x20 == 101 {
                Issue.record("seed \(seed): \(String(decoding: bytes, as: UTF8.self)), \(read) bytes, \(count)")
            }
        }
        #expect(taken > 10_000, "seed \(seed)")
    }
}
