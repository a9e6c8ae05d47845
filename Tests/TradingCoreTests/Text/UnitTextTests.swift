import Scheduling
import Testing
import TradingCore

@Suite("Decimal text as a count of units")
struct UnitTextTests {
    @Test(
        "counts exactly",
        arguments: [
            ("61837.64000000", "0.01", 6_183_764), ("0.00000001", "0.00000001", 1), ("1.21400000", "0.001", 1_214),
            ("5", "1", 5), ("5.00000000", "1", 5), ("7.5", "2.5", 3), ("1000", "10", 100), ("-3.20", "0.1", -32),
            ("12345678.5", "0.5", 24_691_357), ("9999999999.99999999", "0.00000001", 999_999_999_999_999_999),
            ("0.000000000000000003", "0.000000000000000001", 3), ("1e3", "0.01", 100_000), ("00.10", "0.01", 10),
            ("1.0000000000000000000000", "0.01", 100), ("92233720368547758.07", "0.01", Int64.max),
        ])
    func counts(text: String, unit: FixedDecimal, expected: Int64) throws {
        #expect(try UnitText(unit: unit).count(text) == expected)
    }

    @Test(
        "refuses what is no exact count",
        arguments: [
            ("", "0.01", UnitTextError.malformed), (".", "0.01", .malformed), ("1.", "0.01", .malformed),
            (".5", "0.01", .malformed), ("1..2", "0.01", .malformed), ("1 ", "0.01", .malformed),
            ("+1", "0.01", .malformed),
            ("12a45678.00000000", "0.01", .malformed), ("61837.641", "0.01", .offUnit), ("0.001", "0.01", .offUnit),
            ("61837.64000001", "0.01", .offUnit), ("1", "2.5", .offUnit), ("0.0000000000000000001", "0.01", .offUnit),
            ("92233720368547758.08", "0.01", .outOfRange), ("999999999999999999999999", "0.01", .outOfRange),
        ])
    func refuses(text: String, unit: FixedDecimal, expected: UnitTextError) throws {
        let reader = try UnitText(unit: unit)
        #expect(throws: expected) { try reader.count(text) }
    }

    @Test("a unit has to be positive", arguments: ["0", "-1", "100000000000000000000"] as [FixedDecimal])
    func refusesUnits(unit: FixedDecimal) {
        #expect(throws: UnitTextError.unusableUnit) { try UnitText(unit: unit) }
    }

    @Test("agrees with the decimal type on random numbers, units and surroundings")
    func agreesWithDecimals() throws {
        let seed: UInt64 = 20_240_808
        var random = SplitMix64(seed: seed)
        let units: [FixedDecimal] = [
            "0.01", "0.00000001", "0.001", "1", "0.5", "0.25", "10", "0.000000000001", "0.0005",
        ]
        for round in 0..<6_000 {
            let unit = units[Int(random.below(UInt64(units.count)))]
            let whole = (0..<1 + random.below(12)).map { _ in String(random.below(10)) }.joined()
            let fraction = (0..<random.below(12)).map { _ in String(random.below(3) == 0 ? random.below(10) : 0) }
            let text = whole + (fraction.isEmpty ? "" : "." + fraction.joined())
            let reader = try UnitText(unit: unit)
            let value = try FixedDecimal(Substring(text))
            let expected = value.isMultiple(of: unit) ? try? value.count(of: unit, rounding: .down) : nil
            #expect((try? reader.count(text)) == expected, "seed \(seed) round \(round): \(text) of \(unit)")
            // Inside a longer text the fast path must stop at the quote, or not be taken.
            let padded = Array((text + "\",\"0.5\"]").utf8)
            var count: Int64 = 0
            let length = padded.withUnsafeBytes { bytes in
                bytes.baseAddress.map { reader.scan($0, from: 0, upTo: bytes.count, into: &count) } ?? 0
            }
            #expect(
                length == 0 || (length == text.utf8.count && count == expected), "seed \(seed) round \(round): \(text)")
        }
    }
}
