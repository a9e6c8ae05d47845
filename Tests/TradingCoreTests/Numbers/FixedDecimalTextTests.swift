import Scheduling
import Testing
import TradingCore

@Suite("Decimal text")
struct FixedDecimalTextTests {
    @Test(
        "reads what a feed or a person may write",
        arguments: [
            ("0", "0"), ("-0", "0"), ("-0.0", "0"), ("00012", "12"), ("1.50", "1.5"), ("-1.5", "-1.5"),
            ("0.000000000000000001", "0.000000000000000001"), ("1e3", "1000"), ("1E3", "1000"), ("1e+3", "1000"),
            ("1.5e-3", "0.0015"), ("-12.5E2", "-1250"), ("0e999999", "0"), ("0e-999999", "0"), ("1e0", "1"),
            ("1e-0", "1"),
            ("1.000e3", "1000"), ("100e-20", "0.000000000000000001"), ("1e20", "100000000000000000000"),
            ("0.00000000000000000001e20", "1"), ("1e000000000000000000000001", "10"),
            ("170141183460469231731.687303715884105727", "170141183460469231731.687303715884105727"),
            ("-170141183460469231731.687303715884105728", "-170141183460469231731.687303715884105728"),
            ("170141183460469231731687303715884105727e-18", "170141183460469231731.687303715884105727"),
        ])
    func reads(text: String, canonical: String) throws {
        #expect(try read(text).description == canonical)
    }

    @Test("zeros say nothing, however many there are")
    func hugeZeros() throws {
        let zeros = String(repeating: "0", count: 100_000)
        #expect(try read("1." + zeros) == "1")
        #expect(try read(zeros + "1.5" + zeros) == "1.5")
        #expect(try read("0." + zeros) == .zero)
        #expect(try read("-" + zeros) == .zero)
        #expect(try read("25" + zeros + "e-100001") == "2.5")
        #expect(try read("0." + zeros + "25e100001") == "2.5")
        #expect(throws: DecimalTextError.tooPrecise) { try read("1." + zeros + "1") }
        #expect(throws: DecimalTextError.outOfRange) { try read("1" + zeros) }
    }

    @Test(
        "says what is wrong",
        arguments: [
            ("", .malformed), ("-", .malformed), ("+1", .malformed), ("--1", .malformed), (".5", .malformed),
            ("1.", .malformed), ("-.5", .malformed), (".", .malformed), ("1..2", .malformed), ("1.2.3", .malformed),
            (" 1", .malformed), ("1 ", .malformed), ("1 000", .malformed), ("1,000", .malformed), ("1_000", .malformed),
            ("0x10", .malformed), ("nan", .malformed), ("inf", .malformed), ("-inf", .malformed), ("null", .malformed),
            ("1e", .malformed), ("1e+", .malformed), ("1e-", .malformed), ("1e1.5", .malformed), ("1e 5", .malformed),
            ("e5", .malformed), ("1.e5", .malformed), ("1e5e5", .malformed), ("1-", .malformed), ("1\n", .malformed),
            ("\u{661}", .malformed), ("１", .malformed), ("1\0", .malformed), ("−1", .malformed),
            ("0.0000000000000000001", .tooPrecise), ("1e-19", .tooPrecise), ("1.5e-18", .tooPrecise),
            ("0.123456789012345678901234567890123456789012345", .tooPrecise),
            ("1e-99999999999999999999999", .tooPrecise),
            ("1234567890123456789012345678901234567890123e-30", .tooPrecise),
            ("1000000000000000000000.0000000000000000001", .tooPrecise),
            ("170141183460469231731.687303715884105728", .outOfRange),
            ("-170141183460469231731.687303715884105729", .outOfRange), ("1e21", .outOfRange), ("-1e21", .outOfRange),
            ("340282366920938463463374607431768211456", .outOfRange), ("1e99999999999999999999999", .outOfRange),
            ("99999999999999999999999999999999999999999999999.5", .outOfRange),
        ] as [(String, DecimalTextError)])
    func refuses(text: String, error: DecimalTextError) {
        #expect(throws: error) { try read(text) }
        #expect(readIfPossible(text) == nil)
    }

    @Test("prints canonical text and reads it back", arguments: Seeds.all)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let numbers = FixedDecimal.edges.map { FixedDecimal(raw: $0) } + (0..<3_000).map { _ in random.decimal() }
        for number in numbers {
            let text = number.description
            if text != SchoolbookInteger(number).asDecimalText { Issue.record("\(number.raw) printed as \(text)") }
            let back = try read(text)
            if back != number { Issue.record("\(text) read as \(back)") }
        }
    }

    @Test("reads the same number however it is written", arguments: Seeds.all)
    func spellings(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let number = random.decimal()
            let digits = SchoolbookInteger(number).description
            let zeros = String(repeating: "0", count: Int(random.below(30)))
            let sign = number.isNegative ? "-" : ""
            let bare = digits.drop { $0 == "-" }
            let spellings = [
                "\(digits)e-18", "\(digits)\(zeros)E-\(18 + zeros.count)", "\(sign)\(zeros)\(bare).\(zeros)0e-018",
                "\(sign)0.\(zeros)\(bare)e\(zeros.count + bare.count - 18)",
            ]
            for text in spellings where try read(text) != number { Issue.record("\(text) is not \(number)") }
        }
    }

    @Test("bytes that are no number never stop the program", arguments: Seeds.all)
    func fuzz(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array("0123456789.-+eE 9900..x\u{FF}".utf8)
        for _ in 0..<5_000 {
            let bytes = (0..<random.below(12)).map { _ in random.pick(alphabet) }
            let parsed = bytes.withUnsafeBytes { try? FixedDecimal(utf8: $0) }
            guard let parsed else { continue }
            if readIfPossible(parsed.description) != parsed { Issue.record("\(bytes)") }
        }
    }
}

/// Of the two readings of a `String` the one that says why not; the compiler by itself takes the failable one.
private func read(_ text: String) throws(DecimalTextError) -> FixedDecimal { try FixedDecimal(Substring(text)) }

private func readIfPossible(_ text: String) -> FixedDecimal? { FixedDecimal(text) }
