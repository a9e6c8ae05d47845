extension JSONScanner {
    /// Steps over one value of any kind, checking that it is JSON.
    public mutating func skipValue() throws(JSONError) {
        try skipValue(depth: 0)
    }

    private mutating func skipValue(depth: Int) throws(JSONError) {
        guard depth < JSONScanner.maximumDepth else { throw error(.lessNesting) }
        switch peek() {
        case UInt8(ascii: "\""):
            _ = try string()
        case UInt8(ascii: "{"):
            try beginObject()
            while try nextKey() != nil { try skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try skipValue(depth: depth + 1) }
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            _ = try boolean()
        case UInt8(ascii: "n"):
            try null()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            _ = try number()
        default:
            throw error(.value)
        }
    }

    /// A number of any form JSON has, as it is written.
    public mutating func number() throws(JSONError) -> Text {
        _ = peek()
        let start = offset
        var index = offset
        if byte(at: index) == UInt8(ascii: "-") { index += 1 }
        let whole = index
        index = try afterDigits(from: index)
        guard byte(at: whole) != UInt8(ascii: "0") || index == whole + 1 else { throw error(.number) }
        if byte(at: index) == UInt8(ascii: ".") { index = try afterDigits(from: index + 1) }
        if byte(at: index) | 0x20 == UInt8(ascii: "e") {
            index += 1
            if byte(at: index) == UInt8(ascii: "+") || byte(at: index) == UInt8(ascii: "-") { index += 1 }
            index = try afterDigits(from: index)
        }
        offset = index
        return Text(start: start, count: index - start, hasEscapes: false)
    }

    public mutating func null() throws(JSONError) {
        _ = peek()
        try literal("null", .null)
    }

    @usableFromInline
    mutating func literal(_ word: StaticString, _ expected: JSONError.Expectation) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        guard count - offset >= length,
            matches(Text(start: offset, count: length, hasEscapes: false), word)
        else { throw error(expected) }
        offset += length
    }

    /// Checks the escape that starts at `index`.
    /// - Returns: the index after it.
    @usableFromInline
    func afterEscape(at index: Int) throws(JSONError) -> Int {
        switch byte(at: index + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            for place in index + 2..<index + 6 where JSONScanner.hexValue(byte(at: place)) == nil {
                throw JSONError(offset: index, expected: .escape)
            }
            return index + 6
        default:
            throw JSONError(offset: index, expected: .escape)
        }
    }

    /// 0 beyond the end.
    func byte(at index: Int) -> UInt8 { index < count ? byte(index) : 0 }

    static func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private func afterDigits(from start: Int) throws(JSONError) -> Int {
        var index = start
        while index &+ 8 <= count {
            let length = DigitWord.leadingCount(
                DigitWord.values(base.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index &+= length
            if length < 8 { break }
        }
        while byte(at: index) &- 48 < 10 { index += 1 }
        guard index > start else { throw error(.number) }
        return index
    }
}
