/// Why a text is no whole number of units.
public enum UnitTextError: UInt8, Error, Equatable, Sendable {
    /// Not `[-]digits[.digits][e[±]digits]`.
    case malformed
    /// More units than `Int64` counts.
    case outOfRange
    /// A number, but between two whole numbers of units.
    case offUnit
    /// A unit that is not positive or larger than `Int64` units of 10⁻¹⁸ can count by.
    case unusableUnit
}

/// Reads decimal text as an exact count of a unit: `"61837.64000000"` is 6 183 764 of the unit 0.01.
///
/// The unit is m × 10⁻ᵈ. Text as exchanges send it (up to ten digits before and eight after the point, d up to 8) is read
/// eight digits at a time; everything else through ``FixedDecimal``, which takes longer and knows every form.
public struct UnitText: Hashable, Sendable {
    public let unit: FixedDecimal
    /// m, without factors of ten where d is above zero.
    @usableFromInline let multiplier: UInt64
    /// 10ᵈ; 0 where d is above eight and the fast path may not be taken.
    @usableFromInline let scale: UInt64
    /// The bytes of the eight fractional digits that belong to the count.
    @usableFromInline let keptDigits: UInt64
    /// Moves the last of them to the end of the word.
    @usableFromInline let keptShift: UInt64

    /// - Throws: ``UnitTextError/unusableUnit``.
    public init(unit: FixedDecimal) throws(UnitTextError) {
        guard unit.isPositive else { throw .unusableUnit }
        var (count, digits) = (unit.raw, FixedDecimal.fractionDigits)
        while digits > 0, count % 10 == 0 {
            count /= 10
            digits -= 1
        }
        guard let multiplier = UInt64(exactly: count) else { throw .unusableUnit }
        self.unit = unit
        self.multiplier = multiplier
        scale = digits > 8 ? 0 : UInt64(Int64.powerOfTen(digits))
        keptDigits = digits >= 8 ? ~0 : (1 << UInt64(digits * 8)) - 1
        keptShift = digits == 0 ? 0 : UInt64(max(64 - digits * 8, 0))
    }

    /// The count a whole text stands for.
    public func count(_ text: UnsafeRawBufferPointer) throws(UnitTextError) -> Int64 {
        var count: Int64 = 0
        if let base = text.baseAddress, !text.isEmpty, scan(base, from: 0, upTo: text.count, into: &count) == text.count
        {
            return count
        }
        let value: FixedDecimal
        do {
            value = try FixedDecimal(utf8: text)
        } catch {
            switch error {
            case .malformed: throw .malformed
            case .tooPrecise: throw .offUnit
            case .outOfRange: throw .outOfRange
            }
        }
        let (quotient, remainder) = value.raw.quotientAndRemainder(dividingBy: unit.raw)
        guard remainder == 0 else { throw .offUnit }
        guard let exact = Int64(exactly: quotient) else { throw .outOfRange }
        return exact
    }

    public func count(_ text: some StringProtocol) throws(UnitTextError) -> Int64 {
        var copy = String(text)
        let counted = copy.withUTF8 { bytes in
            Result { () throws(UnitTextError) in try count(UnsafeRawBufferPointer(bytes)) }
        }
        return try counted.get()
    }

    /// Reads a number in the usual form, as far as its digits go.
    /// - Returns: how many bytes it took; 0 when the form is not the usual one or the number not a whole count, which
    ///   ``count(_:)-(UnsafeRawBufferPointer)`` then tells apart.
    @inlinable @inline(__always)
    public func scan(
        _ bytes: UnsafeRawPointer, from start: Int, upTo end: Int, into count: inout Int64
    ) -> Int {
        guard scale != 0, start &+ 8 <= end else { return 0 }
        var index = start
        var digits = DigitWord.values(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        var length = DigitWord.leadingCount(digits)
        var whole: UInt64 = 0
        if length == 8 {
            whole = DigitWord.number(digits)
            index &+= 8
            guard index &+ 8 <= end else { return 0 }
            digits = DigitWord.values(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            length = DigitWord.leadingCount(digits)
            // Ten digits before the point and eight after always fit; more is left to the exact path.
            guard length <= 2 else { return 0 }
            if length > 0 {
                whole = whole &* (length == 1 ? 10 : 100) &+ DigitWord.number(digits, first: length)
            }
        } else {
            guard length > 0 else { return 0 }
            whole = DigitWord.number(digits, first: length)
        }
        index &+= length
        var value = whole &* scale
        if index < end, bytes.load(fromByteOffset: index, as: UInt8.self) == UInt8(ascii: ".") {
            index &+= 1
            guard index &+ 8 <= end else { return 0 }
            var fraction = DigitWord.values(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let places = DigitWord.leadingCount(fraction)
            if places < 8 {
                guard places > 0 else { return 0 }
                fraction &= (1 &<< UInt64(truncatingIfNeeded: places &* 8)) &- 1
            }
            guard fraction & ~keptDigits == 0 else { return 0 }
            index &+= places
            value = value &+ DigitWord.number((fraction & keptDigits) &<< keptShift)
        }
        // A digit or an exponent here makes it a longer number than was read.
        if index < end {
            let next = bytes.load(fromByteOffset: index, as: UInt8.self)
            if next &- 48 < 10 || next | 0x20 == UInt8(ascii: "e") { return 0 }
        }
        if multiplier != 1 {
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: multiplier)
            guard remainder == 0 else { return 0 }
            value = quotient
        }
        count = Int64(truncatingIfNeeded: value)
        return index &- start
    }
}
