/// What feeds consist of, read in one go: numbers in quotes without white space around them, as every exchange writes them.
///
/// Those that return a flag return false, with nothing read, for every other form; the caller then reads it token by token. So
/// a feed that changes its manners costs time and nothing else.
extension JSONScanner {
    /// `"61837.64"`, as ``ShortDecimal`` takes it.
    /// - Parameter count: of 10⁻⁸.
    @inlinable @inline(__always)
    public mutating func plainDecimal(_ count: inout Int64) -> Bool {
        guard offset < self.count, byte(offset) == UInt8(ascii: "\"") else { return false }
        let start = offset &+ 1
        let end = start &+ ShortDecimal.scan(base, from: start, upTo: self.count, into: &count)
        guard end > start, byte(end) == UInt8(ascii: "\"") else { return false }
        offset = end &+ 1
        return true
    }

    /// `"1723161255208"`: up to sixteen digits.
    @inlinable @inline(__always)
    public mutating func plainWholeNumber(_ number: inout Int64) -> Bool {
        let start = offset &+ 1
        guard start &+ 17 <= count, byte(offset) == UInt8(ascii: "\"") else { return false }
        let first = DigitWord.values(base.loadUnaligned(fromByteOffset: start, as: UInt64.self))
        let length = DigitWord.leadingCount(first)
        guard length > 0 else { return false }
        var value: UInt64
        var end = start &+ length
        if length < 8 {
            value = DigitWord.number(first, first: length)
        } else {
            value = DigitWord.number(first)
            let second = DigitWord.values(base.loadUnaligned(fromByteOffset: end, as: UInt64.self))
            let more = DigitWord.leadingCount(second)
            if more > 0 { value = value &* DigitWord.power(more) &+ DigitWord.number(second, first: more) }
            end &+= more
        }
        guard byte(end) == UInt8(ascii: "\"") else { return false }
        number = Int64(truncatingIfNeeded: value)
        offset = end &+ 1
        return true
    }

    /// The next element of an array of levels, `["61837.64","0.012"`, up to the end of its amount; what else the level has,
    /// and its bracket, come next.
    /// - Parameters:
    ///   - price: a count of 10⁻⁸ above zero.
    ///   - amount: a count of 10⁻⁸, not negative.
    @inlinable @inline(__always)
    public mutating func plainLevel(price: inout Int64, amount: inout Int64) -> Bool {
        var index = isAtStart ? offset : offset &+ 1
        guard index &+ 2 < count, isAtStart || byte(offset) == UInt8(ascii: ","),
            byte(index) == UInt8(ascii: "["), byte(index &+ 1) == UInt8(ascii: "\"")
        else { return false }
        index &+= 2
        let priceLength = ShortDecimal.scan(base, from: index, upTo: count, into: &price)
        index &+= priceLength
        // `","`, and what follows.
        guard priceLength > 0, price > 0, index &+ 4 <= count,
            base.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian & 0xFF_FFFF == 0x22_2C22
        else { return false }
        index &+= 3
        let amountLength = ShortDecimal.scan(base, from: index, upTo: count, into: &amount)
        index &+= amountLength
        guard amountLength > 0, byte(index) == UInt8(ascii: "\"") else { return false }
        offset = index &+ 1
        isAtStart = false
        return true
    }

    /// An array's last element, a whole number in quotes, with the array's end: `,"14103845"]`.
    @inlinable @inline(__always)
    public mutating func plainLastNumber(_ number: inout Int64) -> Bool {
        let start = offset
        guard !isAtStart, offset &+ 1 < count, byte(offset) == UInt8(ascii: ",") else { return false }
        offset &+= 1
        var value: Int64 = 0
        guard plainWholeNumber(&value), offset < count, byte(offset) == UInt8(ascii: "]") else {
            offset = start
            return false
        }
        offset &+= 1
        number = value
        return true
    }

    /// The rest of an array of which something was read: further elements are stepped over, those of a few digits in quotes,
    /// as some exchanges add to every level, without looking at them twice.
    @inlinable @inline(__always)
    public mutating func endArray() throws(JSONError) {
        while offset &+ 12 <= count, byte(offset) == UInt8(ascii: ","), byte(offset &+ 1) == UInt8(ascii: "\"") {
            let start = offset &+ 2
            let digits = DigitWord.values(base.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            let end = start &+ DigitWord.leadingCount(digits)
            guard byte(end) == UInt8(ascii: "\"") else { break }
            offset = end &+ 1
        }
        if offset < count, byte(offset) == UInt8(ascii: "]") {
            offset &+= 1
        } else {
            while try nextElement() { try skipValue() }
        }
    }
}
