/// A whole JSON text as a value, for parameter files and other input read once. Numbers keep their text, so that no digit
/// is lost; objects keep the order of their keys.
public enum JSONValue: Hashable, Sendable {
    case object([Member])
    case array([JSONValue])
    case string(String)
    /// As written: `1`, `-0.50`, `2e3`.
    case number(String)
    case bool(Bool)
    case null

    /// A key of an object and its value.
    public struct Member: Hashable, Sendable {
        public let key: String
        public let value: JSONValue

        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// - Throws: ``JSONError`` when the bytes are not one JSON value, hold a key twice, or are no valid UTF-8.
    public init(utf8 bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(bytes)
        self = try scanner.value(depth: 0)
        try scanner.finish()
    }

    public init(_ text: some StringProtocol) throws(JSONError) {
        var copy = String(text)
        let parsed = copy.withUTF8 { bytes in
            Result { () throws(JSONError) in try JSONValue(utf8: UnsafeRawBufferPointer(bytes)) }
        }
        self = try parsed.get()
    }

    /// The value of an object's key; nil where there is none.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

extension JSONScanner {
    fileprivate mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < JSONScanner.maximumDepth else { throw error(.lessNesting) }
        switch peek() {
        case UInt8(ascii: "\""): return .string(try unescaped(try string()))
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try beginArray()
            while try nextElement() { elements.append(try value(depth: depth + 1)) }
            return .array(elements)
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try boolean())
        case UInt8(ascii: "n"):
            try null()
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(String(decoding: content(of: try number()), as: UTF8.self))
        default: throw error(.value)
        }
    }

    private mutating func members(depth: Int) throws(JSONError) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        var known: Set<String> = []
        try beginObject()
        while let text = try nextKey() {
            let key = try unescaped(text)
            guard known.insert(key).inserted else { throw JSONError(offset: text.start, expected: .newKey) }
            members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
        }
        return members
    }

    /// The string a text stands for.
    /// - Throws: for invalid UTF-8 and for halves of surrogate pairs.
    public func unescaped(_ text: Text) throws(JSONError) -> String {
        let content = content(of: text)
        guard let plain = String(validating: content, as: UTF8.self) else {
            throw JSONError(offset: text.start, expected: .validUTF8)
        }
        guard text.hasEscapes else { return plain }
        var units: [UInt16] = []
        var index = plain.utf16.startIndex
        func next() -> UInt16 {
            guard index < plain.utf16.endIndex else { return 0 }
            defer { index = plain.utf16.index(after: index) }
            return plain.utf16[index]
        }
        while index < plain.utf16.endIndex {
            let unit = next()
            guard unit == UInt16(UInt8(ascii: "\\")) else {
                units.append(unit)
                continue
            }
            let letter = UInt8(truncatingIfNeeded: next())
            if letter == UInt8(ascii: "u") {
                units.append(
                    (0..<4).reduce(0) { value, _ in
                        value << 4 | (JSONScanner.hexValue(UInt8(truncatingIfNeeded: next())) ?? 0)
                    })
            } else {
                units.append(UInt16(JSONScanner.character(ofEscape: letter)))
            }
        }
        guard let string = String(validating: units, as: UTF16.self) else {
            throw JSONError(offset: text.start, expected: .escape)
        }
        return string
    }

    private static func character(ofEscape letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }
}
