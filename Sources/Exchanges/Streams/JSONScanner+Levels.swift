import TradingCore

/// What the frames of market streams are made of, read without building anything in between.
extension JSONScanner {
    /// Up to ten digits before the point and eight after it, eight at a time.
    private static let commonDecimal = try? UnitText(unit: "0.00000001")

    /// A number, bare or in quotes.
    mutating func exactDecimal() throws -> FixedDecimal {
        guard peek() == UInt8(ascii: "\"") else {
            let start = offset
            return try exact(content(of: try number()), at: start)
        }
        let start = offset &+ 1
        var units: Int64 = 0
        if let length = JSONScanner.commonDecimal?.scan(base, from: start, upTo: count, into: &units), length > 0,
            start &+ length < count, byte(start &+ length) == UInt8(ascii: "\"")
        {
            offset = start &+ length &+ 1
            return FixedDecimal(raw: Int128(units) * 10_000_000_000)
        }
        return try exact(content(of: try string()), at: start)
    }

    private func exact(_ text: UnsafeRawBufferPointer, at place: Int) throws -> FixedDecimal {
        do { return try FixedDecimal(utf8: text) } catch {
            throw UnreadableAnswer(
                "byte \(place)", expected: "a number", found: String(decoding: text.prefix(80), as: UTF8.self))
        }
    }

    /// A whole number of 64 bits, bare or in quotes.
    mutating func wholeNumber() throws -> Int64 {
        guard peek() == UInt8(ascii: "\"") else { return try integer() }
        let place = offset
        let text = String(decoding: content(of: try string()), as: UTF8.self)
        guard let number = Int64(text) else {
            throw UnreadableAnswer("byte \(place)", expected: "a whole number of 64 bits", found: text)
        }
        return number
    }

    /// A string's content.
    mutating func plainString() throws -> String { try unescaped(try string()) }

    /// `[[price, amount, …], …]`; further entries of a level are stepped over.
    mutating func priceLevels() throws -> [PriceLevel] {
        var levels: [PriceLevel] = []
        try beginArray()
        while try nextElement() {
            try beginArray()
            let price = try requiredElement()
            let amount = try requiredElement()
            while try nextElement() { try skipValue() }
            guard price.isPositive, !amount.isNegative else {
                throw UnreadableAnswer("level", expected: "a price above zero", found: "\(price) x \(amount)")
            }
            levels.append(PriceLevel(price: price, amount: amount))
        }
        return levels
    }

    mutating func requiredElement() throws -> FixedDecimal {
        guard try nextElement() else { throw error(.number) }
        return try exactDecimal()
    }
}
