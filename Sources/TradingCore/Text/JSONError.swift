/// Why a text is not the JSON that was asked for, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes before the place, from 0.
    public let offset: Int
    public let expected: Expectation

    @inlinable
    public init(offset: Int, expected: Expectation) {
        self.offset = offset
        self.expected = expected
    }

    /// What would have been right at the place.
    public enum Expectation: UInt8, Sendable, CaseIterable {
        case value
        case object
        case array
        case string
        case key
        case colon
        case commaOrBrace
        case commaOrBracket
        case number
        case integer
        case boolean
        case null
        case escape
        case printable
        case closingQuote
        case validUTF8
        case newKey
        case lessNesting
        case end
    }

    public var description: String { "byte \(offset): expected \(expected.text)" }
}

extension JSONError.Expectation {
    /// As it reads after "expected".
    public var text: String {
        switch self {
        case .value: "a value"
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .key: "a key"
        case .colon: "a colon"
        case .commaOrBrace: "a comma or closing brace"
        case .commaOrBracket: "a comma or closing bracket"
        case .number: "a number"
        case .integer: "a whole number of 64 bits"
        case .boolean: "true or false"
        case .null: "null"
        case .escape: "an escape sequence"
        case .printable: "no control character in a string"
        case .closingQuote: "a closing quote"
        case .validUTF8: "valid UTF-8"
        case .newKey: "each key once"
        case .lessNesting: "at most \(JSONScanner.maximumDepth) levels of nesting"
        case .end: "the end of the text"
        }
    }
}
