import TradingCore

extension JSONScanner {
    /// A decimal number in quotes, as exchanges write prices and amounts: `"61837.64"`.
    ///
    /// Up to 18 digits without an exponent are read in one go; everything else as ``FixedDecimal`` reads it.
    /// - Throws: for what is no string, and ``JSONError/Expectation/value`` for a string that is no number we can keep.
    mutating func quotedDecimal() throws(JSONError) -> FixedDecimal {
        guard peek() == UInt8(ascii: "\"") else { throw error(.string) }
        var units: Int64 = 0
        if plainDecimal(&units) { return FixedDecimal(hundredMillionths: units) }
        var index = offset + 1
        var mantissa: UInt64 = 0
        var digitCount = 0
        var point = -1
        while index < count {
            let digit = byte(index) &- 48
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                digitCount += 1
                if digitCount > 18 { break }
            } else if byte(index) == UInt8(ascii: "."), point < 0, digitCount > 0 {
                point = digitCount
            } else {
                break
            }
            index += 1
        }
        let fraction = point < 0 ? 0 : digitCount - point
        guard index < count, byte(index) == UInt8(ascii: "\""), digitCount > 0, digitCount <= 18,
            point < 0 || fraction > 0
        else { return try unusualDecimal() }
        offset = index + 1
        return FixedDecimal(raw: Int128(mantissa) * Int128(JSONScanner.powersOfTen[18 - fraction]))
    }

    private mutating func unusualDecimal() throws(JSONError) -> FixedDecimal {
        let text = try string()
        do { return try FixedDecimal(utf8: content(of: text)) } catch {
            throw JSONError(offset: text.start, expected: .value)
        }
    }

    /// A whole number, in quotes or not.
    mutating func looseInteger() throws(JSONError) -> Int64 {
        guard peek() == UInt8(ascii: "\"") else { return try integer() }
        var plain: Int64 = 0
        if plainWholeNumber(&plain) { return plain }
        let text = try string()
        guard let value = JSONScanner.integer(content(of: text)) else {
            throw JSONError(offset: text.start, expected: .integer)
        }
        return value
    }

    private static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let digits = isNegative ? bytes.dropFirst() : bytes[...]
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard byte &- 48 < 10 else { return nil }
            value = value &* 10 &+ Int64(byte &- 48)
        }
        return isNegative ? -value : value
    }

    private static let powersOfTen: [Int64] = (0...18).map { Int64.powerOfTen($0) }

    /// `[["price","amount",…],…]`; further elements of a level are stepped over.
    /// - Throws: also for a price that is not positive or a negative amount.
    mutating func priceLevels(into levels: inout [PriceLevel]) throws(JSONError) {
        try beginArray()
        while true {
            try plainLevels(into: &levels)
            guard try nextElement() else { return }
            try beginArray()
            guard try nextElement() else { throw error(.string) }
            let place = offset
            let price = try quotedDecimal()
            guard try nextElement() else { throw error(.string) }
            let amount = try quotedDecimal()
            while try nextElement() { try skipValue() }
            guard price.isPositive, !amount.isNegative else { throw JSONError(offset: place, expected: .value) }
            levels.append(PriceLevel(price: price, amount: amount))
        }
    }
}
