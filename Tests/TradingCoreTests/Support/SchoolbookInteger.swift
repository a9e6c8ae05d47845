import TradingCore

/// Whole numbers of any size as a child computes them: decimal digits, carries and borrows.
///
/// The second opinion on `FixedDecimal`. It shares nothing with it: no binary numbers, no fixed width, no scale.
struct SchoolbookInteger: Equatable, CustomStringConvertible {
    /// Lowest first, without leading zeros; zero has none.
    private(set) var digits: [Int]
    private(set) var isNegative: Bool

    static let zero = SchoolbookInteger(digits: [], isNegative: false)
    static let one = SchoolbookInteger("1")
    /// What a count of 10⁻¹⁸ may be.
    static let largest = SchoolbookInteger("170141183460469231731687303715884105727")
    static let smallest = SchoolbookInteger("-170141183460469231731687303715884105728")
    static let oneScaled = SchoolbookInteger("1000000000000000000")

    /// - Parameter text: digits, with a sign if negative.
    init(_ text: String) {
        let digits = text.utf8.reversed().filter { $0 != UInt8(ascii: "-") }.map { Int($0) - 48 }
        self.init(digits: digits, isNegative: text.hasPrefix("-"))
    }

    init(_ number: FixedDecimal) {
        self.init(String(number.raw))
    }

    private init(digits: [Int], isNegative: Bool) {
        var digits = digits
        while digits.last == 0 { digits.removeLast() }
        self.digits = digits
        self.isNegative = isNegative && !digits.isEmpty
    }

    var isZero: Bool { digits.isEmpty }
    var magnitude: SchoolbookInteger { SchoolbookInteger(digits: digits, isNegative: false) }
    var negated: SchoolbookInteger { SchoolbookInteger(digits: digits, isNegative: !isNegative) }

    var description: String {
        isZero
            ? "0" : (isNegative ? "-" : "") + String(decoding: digits.reversed().map { UInt8($0 + 48) }, as: UTF8.self)
    }

    /// The text of this count of 10⁻¹⁸ as a decimal number, put together digit by digit.
    var asDecimalText: String {
        var characters = digits.map { UInt8($0 + 48) }
        while characters.count < 19 { characters.append(48) }
        var fraction = characters[..<18]
        while fraction.first == 48 { fraction.removeFirst() }
        let whole = String(decoding: characters[18...].reversed(), as: UTF8.self)
        return (isNegative ? "-" : "") + whole
            + (fraction.isEmpty ? "" : "." + String(decoding: fraction.reversed(), as: UTF8.self))
    }

    // MARK: - Calculating

    func adding(_ other: SchoolbookInteger) -> SchoolbookInteger {
        if isNegative == other.isNegative {
            return SchoolbookInteger(digits: Self.sum(digits, other.digits), isNegative: isNegative)
        }
        return Self.isBelow(digits, other.digits)
            ? SchoolbookInteger(digits: Self.difference(other.digits, digits), isNegative: other.isNegative)
            : SchoolbookInteger(digits: Self.difference(digits, other.digits), isNegative: isNegative)
    }

    func multiplied(by other: SchoolbookInteger) -> SchoolbookInteger {
        var product = Array(repeating: 0, count: digits.count + other.digits.count)
        var row = 0
        while row < digits.count {
            var carry = 0
            var column = 0
            while column < other.digits.count {
                let cell = product[row + column] + digits[row] * other.digits[column] + carry
                product[row + column] = cell % 10
                carry = cell / 10
                column += 1
            }
            product[row + column] = carry
            row += 1
        }
        return SchoolbookInteger(digits: product, isNegative: isNegative != other.isNegative)
    }

    /// Long division, by a divisor that is not zero.
    func divided(by divisor: SchoolbookInteger) -> Quotient {
        let (whole, rest) = Self.longDivision(digits, by: divisor.digits)
        return Quotient(
            whole: SchoolbookInteger(digits: whole, isNegative: false), rest: rest, divisor: divisor.digits,
            isNegative: isNegative != divisor.isNegative)
    }

    /// What a long division leaves before anybody rounds.
    struct Quotient {
        fileprivate let whole: SchoolbookInteger
        fileprivate let rest: [Int]
        fileprivate let divisor: [Int]
        fileprivate let isNegative: Bool

        func rounded(_ rounding: Rounding) -> SchoolbookInteger {
            let nearer = isNegative ? whole.negated : whole
            if rest.isEmpty { return nearer }
            let farther = isNegative ? whole.adding(.one).negated : whole.adding(.one)
            let twice = SchoolbookInteger.sum(rest, rest)
            let isBelowHalf = SchoolbookInteger.isBelow(twice, divisor)
            switch rounding {
            case .down: return nearer
            case .up: return farther
            case .floor: return isNegative ? farther : nearer
            case .ceiling: return isNegative ? nearer : farther
            case .halfUp: return isBelowHalf ? nearer : farther
            case .halfEven:
                if twice == divisor { return (whole.digits.first ?? 0).isMultiple(of: 2) ? nearer : farther }
                return isBelowHalf ? nearer : farther
            }
        }
    }

    /// Whether this lies between `low` and `high` inclusive.
    func lies(from low: SchoolbookInteger, to high: SchoolbookInteger) -> Bool {
        !adding(low.negated).isNegative && !high.adding(negated).isNegative
    }

    // MARK: - On digits

    fileprivate static func isBelow(_ left: [Int], _ right: [Int]) -> Bool {
        if left.count != right.count { return left.count < right.count }
        var index = left.count - 1
        while index >= 0 {
            if left[index] != right[index] { return left[index] < right[index] }
            index -= 1
        }
        return false
    }

    fileprivate static func sum(_ left: [Int], _ right: [Int]) -> [Int] {
        var result: [Int] = []
        var carry = 0
        var index = 0
        while index < left.count || index < right.count || carry > 0 {
            let cell = (index < left.count ? left[index] : 0) + (index < right.count ? right[index] : 0) + carry
            result.append(cell % 10)
            carry = cell / 10
            index += 1
        }
        return result
    }

    /// - Precondition: `left` is not below `right`.
    private static func difference(_ left: [Int], _ right: [Int]) -> [Int] {
        var result = left
        var borrow = 0
        var index = 0
        while index < result.count, index < right.count || borrow > 0 {
            let cell = result[index] - (index < right.count ? right[index] : 0) - borrow
            result[index] = cell < 0 ? cell + 10 : cell
            borrow = cell < 0 ? 1 : 0
            index += 1
        }
        while result.last == 0 { result.removeLast() }
        return result
    }

    private static func longDivision(_ dividend: [Int], by divisor: [Int]) -> (quotient: [Int], rest: [Int]) {
        var quotient = Array(repeating: 0, count: dividend.count)
        var rest: [Int] = []
        var index = dividend.count - 1
        while index >= 0 {
            if !rest.isEmpty || dividend[index] != 0 { rest.insert(dividend[index], at: 0) }
            while !isBelow(rest, divisor) {
                rest = difference(rest, divisor)
                quotient[index] += 1
            }
            index -= 1
        }
        while quotient.last == 0 { quotient.removeLast() }
        return (quotient, rest)
    }
}
