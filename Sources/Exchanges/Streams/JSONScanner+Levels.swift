import TradingCore

/// What the frames of market streams are made of, read without building anything in between.
extension JSONScanner {
    /// A number, bare or in quotes.
    mutating func exactDecimal() throws -> FixedDecimal {
        guard peek() == UInt8(ascii: "\"") else {
            let start = offset
            return try exact(content(of: try number()), at: start)
        }
        var units: Int64 = 0
        if plainDecimal(&units) { return FixedDecimal(hundredMillionths: units) }
        let start = offset &+ 1
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
        var plain: Int64 = 0
        if plainWholeNumber(&plain) { return plain }
        let place = offset
        let text = String(decoding: content(of: try string()), as: UTF8.self)
        guard let number = Int64(text) else {
            throw UnreadableAnswer("byte \(place)", expected: "a whole number of 64 bits", found: text)
        }
        return number
    }

    /// A string's content.
    mutating func plainString() throws -> String { try unescaped(try string()) }

    /// Levels in the form that all exchanges write, as many as follow; stops before everything else, the array's end too.
    @inline(__always)
    mutating func plainLevels(into levels: inout [PriceLevel]) throws(JSONError) {
        if offset < count, byte(offset) == UInt8(ascii: "["), levels.capacity == 0 { levels.reserveCapacity(16) }
        var (price, amount): (Int64, Int64) = (0, 0)
        while plainLevel(price: &price, amount: &amount) {
            levels.append(
                PriceLevel(
                    price: FixedDecimal(hundredMillionths: price), amount: FixedDecimal(hundredMillionths: amount)))
            try endArray()
        }
    }

    /// `[[price, amount, …], …]`; further entries of a level are stepped over.
    mutating func priceLevels() throws -> [PriceLevel] {
        var levels: [PriceLevel] = []
        try beginArray()
        while true {
            try plainLevels(into: &levels)
            guard try nextElement() else { return levels }
            try beginArray()
            let price = try requiredElement()
            let amount = try requiredElement()
            while try nextElement() { try skipValue() }
            guard price.isPositive, !amount.isNegative else {
                throw UnreadableAnswer("level", expected: "a price above zero", found: "\(price) x \(amount)")
            }
            levels.append(PriceLevel(price: price, amount: amount))
        }
    }

    mutating func requiredElement() throws -> FixedDecimal {
        guard try nextElement() else { throw error(.number) }
        return try exactDecimal()
    }
}
