/// Decimal text in the form that nearly every number of a feed has: up to ten digits before the point, up to eight after it,
/// no sign, no exponent. Read eight digits at a time as a count of 10⁻⁸, which always fits a word.
public enum ShortDecimal {
    /// Reads a number as far as its digits go.
    ///
    /// It takes nothing that ``FixedDecimal/init(utf8:)`` would not take with the same value.
    /// - Parameter count: of 10⁻⁸, 0 to 10¹⁸; untouched when nothing is read.
    /// - Returns: how many bytes it took; 0 for every other form, and within nine bytes of the end, which then has to be
    ///   read by somebody who takes their time.
    @inlinable @inline(__always)
    public static func scan(
        _ bytes: UnsafeRawPointer, from start: Int, upTo end: Int, into count: inout Int64
    ) -> Int {
        guard start &+ 9 <= end else { return 0 }
        var digits = DigitWord.values(bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        var length = DigitWord.leadingCount(digits)
        guard length > 0 else { return 0 }
        var whole: UInt64
        var index = start &+ length
        if length < 8 {
            whole = DigitWord.number(digits, first: length)
        } else {
            whole = DigitWord.number(digits)
            guard index &+ 9 <= end else { return 0 }
            digits = DigitWord.values(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            length = DigitWord.leadingCount(digits)
            guard length <= 2 else { return 0 }
            if length > 0 { whole = whole &* (length == 1 ? 10 : 100) &+ DigitWord.number(digits, first: length) }
            index &+= length
        }
        var value = whole &* 100_000_000
        var next = bytes.load(fromByteOffset: index, as: UInt8.self)
        if next == UInt8(ascii: ".") {
            index &+= 1
            guard index &+ 9 <= end else { return 0 }
            let fraction = DigitWord.values(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let places = DigitWord.leadingCount(fraction)
            guard places > 0 else { return 0 }
            // What stands behind the digits becomes zeros behind them.
            let kept = places == 8 ? fraction : fraction & ((1 &<< UInt64(truncatingIfNeeded: places &* 8)) &- 1)
            value = value &+ DigitWord.number(kept)
            index &+= places
            next = bytes.load(fromByteOffset: index, as: UInt8.self)
        }
        // A digit or an exponent here makes it a longer number than was read.
        if next &- 48 < 10 || next | 0x20 == UInt8(ascii: "e") { return 0 }
        count = Int64(truncatingIfNeeded: value)
        return index &- start
    }
}

extension FixedDecimal {
    /// A count of 10⁻⁸; every one is in range.
    @inlinable
    public init(hundredMillionths count: Int64) {
        self.init(raw: Int128(count) &* 10_000_000_000)
    }
}
