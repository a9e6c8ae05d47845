/// Eight text bytes read as one word, the first byte lowest: decimal digits eight at a time.
///
/// The multiply-and-shift conversion is the one described in Daniel Lemire, "Quickly parsing eight digits" (2018).
@usableFromInline
enum DigitWord {
    /// Each ASCII digit becomes its value 0...9; every other byte becomes 10 or more.
    @inlinable @inline(__always)
    static func values(_ word: UInt64) -> UInt64 { word ^ 0x3030_3030_3030_3030 }

    /// How many of the first bytes are digits, 0...8.
    /// - Parameter values: what ``values(_:)`` made.
    @inlinable @inline(__always)
    static func leadingCount(_ values: UInt64) -> Int {
        // A byte of 10 or more reaches the top bit. A carry can only leave such a byte, so the lowest hit is exact.
        let others = (values &+ 0x7676_7676_7676_7676 | values) & 0x8080_8080_8080_8080
        return others.trailingZeroBitCount >> 3
    }

    /// The number the eight digit values spell, the lowest byte first. Zero bytes in front are leading zeros.
    @inlinable @inline(__always)
    static func number(_ values: UInt64) -> UInt64 {
        let pairs = (values &* 2_561) >> 8 & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* 6_553_601) >> 16 & 0x0000_FFFF_0000_FFFF
        return (fours &* 42_949_672_960_001) >> 32
    }

    /// The number the first `count` (1...8) digit values spell.
    @inlinable @inline(__always)
    static func number(_ values: UInt64, first count: Int) -> UInt64 {
        number(values &<< UInt64(truncatingIfNeeded: 64 &- count &* 8))
    }

    /// 10 to the power of `exponent`, 0...8.
    @inlinable @inline(__always)
    static func power(_ exponent: Int) -> UInt64 {
        switch exponent {
        case 0: 1
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        default: 100_000_000
        }
    }
}
