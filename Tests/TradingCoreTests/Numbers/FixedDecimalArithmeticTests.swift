import Scheduling
import Testing
import TradingCore

/// `FixedDecimal` against ``SchoolbookInteger``, on random numbers and the edges of the type.
@Suite("Decimal arithmetic")
struct FixedDecimalArithmeticTests {
    @Test("adds and subtracts as on paper", arguments: Seeds.all)
    func addsAndSubtracts(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<4_000 {
            let (left, right) = (random.decimal(), random.decimal())
            let (leftDigits, rightDigits) = (SchoolbookInteger(left), SchoolbookInteger(right))
            expect(leftDigits.adding(rightDigits), "\(left) + \(right)") { () throws(ArithmeticError) in
                try left.adding(right)
            }
            expect(leftDigits.adding(rightDigits.negated), "\(left) - \(right)") { () throws(ArithmeticError) in
                try left.subtracting(right)
            }
        }
    }

    @Test("multiplies as on paper, in every rounding", arguments: Seeds.all)
    func multiplies(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<1_000 {
            let (left, right) = (random.decimal(), random.decimal())
            let product = SchoolbookInteger(left).multiplied(by: SchoolbookInteger(right)).divided(by: .oneScaled)
            for rounding in Rounding.allCases {
                expect(product.rounded(rounding), "\(left) * \(right), \(rounding)") {
                    () throws(ArithmeticError) in try left.multiplied(by: right, rounding: rounding)
                }
            }
        }
    }

    @Test("multiplies by whole numbers exactly", arguments: Seeds.all)
    func multipliesByCount(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let left = random.decimal()
            let count = random.chance(oneIn: 8) ? random.pick([.min, .max, 0, -1]) : Int64(bitPattern: random.next())
            let product = SchoolbookInteger(left).multiplied(by: SchoolbookInteger(String(count)))
            expect(product, "\(left) * \(count)") { () throws(ArithmeticError) in try left.multiplied(by: count) }
        }
    }

    @Test("divides as on paper, in every rounding", arguments: Seeds.all)
    func divides(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<600 {
            let (left, right) = (random.decimal(), random.decimal())
            guard !right.isZero else { continue }
            let quotient = SchoolbookInteger(left).multiplied(by: .oneScaled).divided(by: SchoolbookInteger(right))
            for rounding in Rounding.allCases {
                expect(quotient.rounded(rounding), "\(left) / \(right), \(rounding)") { () throws(ArithmeticError) in
                    try left.divided(by: right, rounding: rounding)
                }
            }
        }
    }

    @Test("counts steps and rounds to them as on paper", arguments: Seeds.all)
    func countsAndRounds(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let (least, most) = (SchoolbookInteger(String(Int64.min)), SchoolbookInteger(String(Int64.max)))
        for _ in 0..<600 {
            let (value, step) = (random.decimal(), random.decimal())
            guard !step.isZero else { continue }
            let steps = SchoolbookInteger(value).divided(by: SchoolbookInteger(step))
            let size = SchoolbookInteger(step).magnitude
            let multiples = SchoolbookInteger(value).divided(by: size)
            for rounding in Rounding.allCases {
                let count = steps.rounded(rounding)
                let counted = try? value.count(of: step, rounding: rounding)
                let expected = count.lies(from: least, to: most) ? count.description : nil
                if counted.map({ String($0) }) != expected {
                    Issue.record(
                        "\(value) in steps of \(step), \(rounding): \(String(describing: counted)), not \(expected ?? "any")"
                    )
                }
                expect(multiples.rounded(rounding).multiplied(by: size), "\(value) to \(step), \(rounding)") {
                    () throws(ArithmeticError) in try value.rounded(toMultipleOf: step, rounding)
                }
            }
            let isMultiple = steps.rounded(.down) == steps.rounded(.up)
            if value.isMultiple(of: step) != isMultiple {
                Issue.record("\(value) a multiple of \(step)? \(isMultiple)")
            }
        }
    }

    @Test("compares as on paper", arguments: Seeds.all)
    func compares(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<3_000 {
            let (left, right) = (random.decimal(), random.decimal())
            let difference = SchoolbookInteger(left).adding(SchoolbookInteger(right).negated)
            #expect((left < right) == difference.isNegative)
            #expect((left == right) == difference.isZero)
        }
    }

    /// The same number, or the same refusal, from both implementations.
    private func expect(
        _ digits: SchoolbookInteger, _ calculation: @autoclosure () -> String,
        sourceLocation: SourceLocation = #_sourceLocation, _ compute: () throws(ArithmeticError) -> FixedDecimal
    ) {
        let expected = digits.lies(from: .smallest, to: .largest) ? digits.description : "\(ArithmeticError.overflow)"
        let actual: String
        do { actual = String(try compute().raw) } catch { actual = "\(error)" }
        // Only on failure, because building an expectation and its comment costs more than the calculation.
        if actual != expected {
            Issue.record("\(calculation()): \(actual), on paper \(expected)", sourceLocation: sourceLocation)
        }
    }
}

@Suite("Decimal rounding and edges")
struct FixedDecimalEdgeTests {
    /// Whole-number results for each rounding, written by hand.
    @Test(
        "each rounding picks its neighbour",
        arguments: [
            // value, down, up, floor, ceiling, halfUp, halfEven
            ("2.0", [2, 2, 2, 2, 2, 2]), ("2.1", [2, 3, 2, 3, 2, 2]), ("2.5", [2, 3, 2, 3, 3, 2]),
            ("2.500000000000000001", [2, 3, 2, 3, 3, 3]), ("2.499999999999999999", [2, 3, 2, 3, 2, 2]),
            ("3.5", [3, 4, 3, 4, 4, 4]), ("0.5", [0, 1, 0, 1, 1, 0]), ("-0.5", [0, -1, -1, 0, -1, 0]),
            ("-2.1", [-2, -3, -3, -2, -2, -2]), ("-2.5", [-2, -3, -3, -2, -3, -2]), ("-3.5", [-3, -4, -4, -3, -4, -4]),
            ("-2.9", [-2, -3, -3, -2, -3, -3]), ("0", [0, 0, 0, 0, 0, 0]),
        ] as [(String, [Int64])])
    func picksNeighbour(text: String, expected: [Int64]) throws {
        let value = try FixedDecimal(text[...])
        for (rounding, whole) in zip([.down, .up, .floor, .ceiling, .halfUp, .halfEven] as [Rounding], expected) {
            #expect(try value.count(of: .one, rounding: rounding) == whole, "\(rounding)")
            #expect(try value.rounded(toMultipleOf: .one, rounding) == FixedDecimal(whole), "\(rounding)")
            #expect(try value.rounded(toFractionDigits: 0, rounding) == FixedDecimal(whole), "\(rounding)")
            // The same decision at the last digit kept, through the wide division.
            let tiny = try value.multiplied(by: FixedDecimal(raw: 1), rounding: rounding)
            #expect(tiny.raw == Int128(whole), "\(rounding)")
            #expect(
                try value.divided(by: "1000000000000000000", rounding: rounding).raw == Int128(whole), "\(rounding)")
        }
    }

    @Test("keeps the fractional digits it is asked for", arguments: [0, 1, 2, 8, 17, 18])
    func fractionDigits(digits: Int) throws {
        let value: FixedDecimal = "1.123456789123456789"
        let rounded = try value.rounded(toFractionDigits: digits, .down)
        #expect("\(rounded)" == (digits == 0 ? "1" : String("1.123456789123456789".prefix(digits + 2))))
    }

    static let largest = FixedDecimal(raw: .max)
    static let smallest = FixedDecimal(raw: .min)
    static let epsilon = FixedDecimal(raw: 1)

    @Test("reaches both ends and not past them")
    func ends() throws {
        #expect(try Self.largest.subtracting(Self.epsilon).adding(Self.epsilon) == Self.largest)
        #expect(try Self.largest.negated().subtracting(Self.epsilon) == Self.smallest)
        #expect(try Self.smallest.multiplied(by: .one, rounding: .up) == Self.smallest)
        #expect(try Self.smallest.divided(by: .one, rounding: .up) == Self.smallest)
        #expect(try Self.smallest.multiplied(by: 1) == Self.smallest)
        #expect(try Self.smallest.rounded(toFractionDigits: 18, .up) == Self.smallest)
        #expect(try FixedDecimal(.min).count(of: .one, rounding: .down) == .min)
        #expect(try FixedDecimal(.max).count(of: .one, rounding: .down) == .max)
        #expect(Self.smallest.isMultiple(of: FixedDecimal(raw: -1)))
        #expect(!Self.smallest.isMultiple(of: .zero))
    }

    @Test("overflow is an error, never another number")
    func overflow() {
        let (largest, smallest, epsilon) = (Self.largest, Self.smallest, Self.epsilon)
        #expect(throws: ArithmeticError.overflow) { try largest.adding(epsilon) }
        #expect(throws: ArithmeticError.overflow) { try smallest.subtracting(epsilon) }
        #expect(throws: ArithmeticError.overflow) { try smallest.negated() }
        #expect(throws: ArithmeticError.overflow) { try smallest.magnitude() }
        #expect(throws: ArithmeticError.overflow) { try smallest.multiplied(by: -1) }
        #expect(throws: ArithmeticError.overflow) { try smallest.multiplied(by: "-1", rounding: .down) }
        #expect(throws: ArithmeticError.overflow) { try smallest.divided(by: "-1", rounding: .down) }
        #expect(throws: ArithmeticError.overflow) {
            try largest.multiplied(by: "1.000000000000000001", rounding: .down)
        }
        #expect(throws: ArithmeticError.overflow) { try largest.divided(by: "0.999999999999999999", rounding: .down) }
        #expect(throws: ArithmeticError.overflow) { try largest.divided(by: epsilon, rounding: .down) }
        #expect(throws: ArithmeticError.overflow) { try largest.rounded(toFractionDigits: 0, .up) }
        #expect(throws: ArithmeticError.overflow) { try smallest.rounded(toFractionDigits: 0, .floor) }
        #expect(throws: ArithmeticError.overflow) { try FixedDecimal.one.rounded(toMultipleOf: smallest, .up) }
        let (above, below): (FixedDecimal, FixedDecimal) = ("9223372036854775807.1", "-9223372036854775808.1")
        #expect(throws: ArithmeticError.overflow) { try above.count(of: .one, rounding: .up) }
        #expect(throws: ArithmeticError.overflow) { try below.count(of: .one, rounding: .floor) }
    }

    @Test("nothing is divided by zero", arguments: [FixedDecimal.zero, .one, smallest])
    func divisionByZero(value: FixedDecimal) {
        #expect(throws: ArithmeticError.divisionByZero) { try value.divided(by: .zero, rounding: .up) }
        #expect(throws: ArithmeticError.divisionByZero) { try value.count(of: .zero, rounding: .up) }
        #expect(throws: ArithmeticError.divisionByZero) { try value.rounded(toMultipleOf: .zero, .up) }
    }

    @Test("statistics come in rounded, or not at all")
    func statistics() {
        #expect(FixedDecimal(statistic: 0.1, fractionDigits: 15) == "0.1")
        #expect(FixedDecimal(statistic: -2.5, fractionDigits: 0) == "-3")
        #expect(FixedDecimal(statistic: 1234.5678, fractionDigits: 2) == "1234.57")
        #expect(FixedDecimal(statistic: 999_999_999_999_999, fractionDigits: 0) == "999999999999999")
        #expect(FixedDecimal(statistic: 1e15, fractionDigits: 0) == nil)
        #expect(FixedDecimal(statistic: 1e6, fractionDigits: 15) == nil)
        #expect(FixedDecimal(statistic: .nan, fractionDigits: 2) == nil)
        #expect(FixedDecimal(statistic: -.infinity, fractionDigits: 2) == nil)
        #expect(FixedDecimal(statistic: 1, fractionDigits: 16) == nil)
        #expect(FixedDecimal(statistic: 1, fractionDigits: -1) == nil)
    }

    @Test("goes out to Double within one unit in the last place", arguments: Seeds.all)
    func approximates(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let value = random.decimal()
            let nearest = try #require(Double(value.description))
            let distance = (value.approximateDouble - nearest).magnitude
            if distance > nearest.ulp { Issue.record("\(value): \(value.approximateDouble)") }
        }
    }

    @Test("basis points are ten-thousandths", arguments: [("1", "0.0001"), ("25", "0.0025"), ("-0.5", "-0.00005")])
    func basisPoints(points: String, fraction: String) throws {
        let value = BasisPoints(try FixedDecimal(points[...]))
        #expect(try value.fraction(rounding: .down) == FixedDecimal(fraction[...]))
        #expect(value > BasisPoints("-1"))
    }
}
