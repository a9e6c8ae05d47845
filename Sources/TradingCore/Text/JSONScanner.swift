/// Reads JSON (RFC 8259) from bytes, one token at a time and without building anything.
///
/// White space may stand wherever JSON allows it. The caller asks for what it expects and gets it or a ``JSONError`` with
/// the byte offset; it steps over what it does not know with ``skipValue()``, which checks that too. The bytes must
/// outlive the scanner.
///
/// ```swift
/// var scanner = JSONScanner(bytes)
/// try scanner.beginObject()
/// while let key = try scanner.nextKey() {
///     if scanner.matches(key, "price") { price = try scanner.string() } else { try scanner.skipValue() }
/// }
/// try scanner.finish()
/// ```
public struct JSONScanner {
    /// Objects and arrays within each other that are read; more is an error, so no text can exhaust the stack.
    public static let maximumDepth = 64

    /// Where the bytes start, and how many they are: a buffer pointer would be asked for nil at every look.
    public let base: UnsafeRawPointer
    public let count: Int
    /// Bytes read so far.
    public var offset = 0
    /// Whether an object or array was just entered, so that no comma is due.
    @usableFromInline var isAtStart = false

    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        // Never read from when there are no bytes.
        let nowhere: StaticString = ""
        base = bytes.baseAddress ?? UnsafeRawPointer(nowhere.utf8Start)
        count = bytes.count
    }

    /// Where the content of a string or number stands; for strings without the quotes.
    public struct Text: Equatable, Sendable {
        public let start: Int
        public let count: Int
        public let hasEscapes: Bool

        /// No text: an empty one at the beginning.
        @inlinable public static var none: Text { Text(start: 0, count: 0, hasEscapes: false) }

        @inlinable
        init(start: Int, count: Int, hasEscapes: Bool) {
            self.start = start
            self.count = count
            self.hasEscapes = hasEscapes
        }
    }

    // MARK: - Structure

    /// The first byte of the next token; 0 at the end of the text.
    @inlinable @inline(__always)
    public mutating func peek() -> UInt8 {
        skipSpace()
        return offset < count ? byte(offset) : 0
    }

    @inlinable @inline(__always)
    public mutating func beginObject() throws(JSONError) {
        guard peek() == UInt8(ascii: "{") else { throw error(.object) }
        offset &+= 1
        isAtStart = true
    }

    /// The next key of the object being read, its colon passed; nil when the object has ended.
    @inlinable @inline(__always)
    public mutating func nextKey() throws(JSONError) -> Text? {
        // Most keys of market streams are one letter between a comma and a colon, without white space.
        let start = isAtStart ? offset &+ 1 : offset &+ 2
        if start &+ 3 <= count, byte(start &- 1) == UInt8(ascii: "\""), byte(start &+ 1) == UInt8(ascii: "\""),
            byte(start &+ 2) == UInt8(ascii: ":"), isAtStart || byte(offset) == UInt8(ascii: ","),
            byte(start) > UInt8(ascii: "\""), byte(start) != UInt8(ascii: "\\")
        {
            isAtStart = false
            offset = start &+ 3
            return Text(start: start, count: 1, hasEscapes: false)
        }
        return try nextLongerKey()
    }

    @inlinable @inline(never)
    mutating func nextLongerKey() throws(JSONError) -> Text? {
        // Nearly all others have up to seven.
        let start = isAtStart ? offset &+ 1 : offset &+ 2
        if start &+ 9 <= count, byte(start &- 1) == UInt8(ascii: "\""), isAtStart || byte(offset) == UInt8(ascii: ",") {
            let special = JSONScanner.special(base.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            let length = special.trailingZeroBitCount >> 3
            if special != 0, byte(start &+ length) == UInt8(ascii: "\""),
                byte(start &+ length &+ 1) == UInt8(ascii: ":")
            {
                isAtStart = false
                offset = start &+ length &+ 2
                return Text(start: start, count: length, hasEscapes: false)
            }
        }
        guard try goesOn(until: UInt8(ascii: "}"), .commaOrBrace) else { return nil }
        guard peek() == UInt8(ascii: "\"") else { throw error(.key) }
        let key = try string()
        guard peek() == UInt8(ascii: ":") else { throw error(.colon) }
        offset &+= 1
        return key
    }

    @inlinable @inline(__always)
    public mutating func beginArray() throws(JSONError) {
        guard peek() == UInt8(ascii: "[") else { throw error(.array) }
        offset &+= 1
        isAtStart = true
    }

    /// Whether another element of the array being read follows.
    @inlinable @inline(__always)
    public mutating func nextElement() throws(JSONError) -> Bool {
        try goesOn(until: UInt8(ascii: "]"), .commaOrBracket)
    }

    /// Nothing but white space may follow.
    @inlinable
    public mutating func finish() throws(JSONError) {
        skipSpace()
        if offset < count { throw error(.end) }
    }

    // MARK: - Scalars

    /// The content of a string, escapes checked but not resolved, UTF-8 not checked.
    @inlinable
    public mutating func string() throws(JSONError) -> Text {
        guard peek() == UInt8(ascii: "\"") else { throw error(.string) }
        let start = offset &+ 1
        var index = start
        var hasEscapes = false
        while true {
            while index &+ 8 <= count {
                let special = JSONScanner.special(base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index &+= special.trailingZeroBitCount >> 3
                if special != 0 { break }
            }
            guard index < count else { throw JSONError(offset: index, expected: .closingQuote) }
            let byte = byte(index)
            if byte == UInt8(ascii: "\"") {
                offset = index &+ 1
                return Text(start: start, count: index &- start, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                index = try afterEscape(at: index)
                hasEscapes = true
            } else if byte < 0x20 {
                throw JSONError(offset: index, expected: .printable)
            } else {
                index &+= 1
            }
        }
    }

    /// A whole number without fraction or exponent, as JSON writes it.
    @inlinable @inline(__always)
    public mutating func integer() throws(JSONError) -> Int64 {
        let isNegative = peek() == UInt8(ascii: "-")
        let start = isNegative ? offset &+ 1 : offset
        var index = start
        var value: UInt64 = 0
        while index &+ 8 <= count, index &- start <= 8 {
            let digits = DigitWord.values(base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let length = DigitWord.leadingCount(digits)
            if length > 0 {
                value = value &* DigitWord.power(length) &+ DigitWord.number(digits, first: length)
                index &+= length
            }
            if length < 8 { break }
        }
        while index < count {
            let digit = byte(index) &- 48
            guard digit < 10 else { break }
            // 19 digits cannot overflow an unsigned word, and no 64-bit number has more.
            if index &- start == 19 { throw error(.integer) }
            value = value &* 10 &+ UInt64(digit)
            index &+= 1
        }
        guard index > start, value <= UInt64(Int64.max), byte(start) != 48 || index == start &+ 1 else {
            throw error(.integer)
        }
        if index < count, byte(index) == UInt8(ascii: ".") || byte(index) | 0x20 == UInt8(ascii: "e") {
            throw error(.integer)
        }
        offset = index
        return isNegative ? -Int64(value) : Int64(value)
    }

    @inlinable @inline(__always)
    public mutating func boolean() throws(JSONError) -> Bool {
        let isTrue = peek() == UInt8(ascii: "t")
        try literal(isTrue ? "true" : "false", .boolean)
        return isTrue
    }

    // MARK: - Parts

    /// The byte at an index below ``count``.
    @inlinable @inline(__always)
    public func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    @inlinable
    public func error(_ expected: JSONError.Expectation) -> JSONError { JSONError(offset: offset, expected: expected) }

    /// The bytes of a text this scanner found.
    @inlinable
    public func content(of text: Text) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + text.start, count: text.count)
    }

    /// Whether a text is spelled exactly so; one with escapes never is.
    @inlinable
    public func matches(_ text: Text, _ word: StaticString) -> Bool {
        guard text.count == word.utf8CodeUnitCount, !text.hasEscapes else { return false }
        let letters = word.utf8Start
        var index = 0
        while index < text.count {
            if byte(text.start &+ index) != letters[index] { return false }
            index &+= 1
        }
        return true
    }

    /// The end of a text, from a byte of it on.
    @inlinable
    public func part(of text: Text, from index: Int) -> Text {
        let skipped = min(max(index, 0), text.count)
        return Text(start: text.start + skipped, count: text.count - skipped, hasEscapes: text.hasEscapes)
    }

    /// Whether a text without escapes begins so.
    @inlinable
    public func begins(_ text: Text, with word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        return text.count >= length && !text.hasEscapes
            && matches(Text(start: text.start, count: length, hasEscapes: false), word)
    }

    @inlinable @inline(__always)
    mutating func skipSpace() {
        while offset < count, byte(offset) <= 0x20 {
            let byte = byte(offset)
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            offset &+= 1
        }
    }

    @inlinable @inline(__always)
    mutating func goesOn(until end: UInt8, _ expected: JSONError.Expectation) throws(JSONError) -> Bool {
        let byte = peek()
        if byte == end {
            offset &+= 1
            isAtStart = false
            return false
        }
        if isAtStart {
            isAtStart = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw error(expected) }
        offset &+= 1
        return true
    }

    /// A bit in each byte that ends a plain run: a quote, a backslash, a control character. The lowest hit is exact.
    @inlinable @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5C)
        let quoteHits = (quotes &- ones) & ~quotes
        let slashHits = (slashes &- ones) & ~slashes
        let controlHits = (word &- ones &* 0x20) & ~word
        return (quoteHits | slashHits | controlHits) & tops
    }
}
