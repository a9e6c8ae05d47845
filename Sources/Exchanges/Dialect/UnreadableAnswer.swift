/// An answer that is not what the exchange documents: where, and what was expected there.
public struct UnreadableAnswer: Error, Hashable, Sendable, CustomStringConvertible {
    public var field: String
    public var expected: String
    /// What stood there, shortened.
    public var found: String

    public init(_ field: String, expected: String, found: String) {
        self.field = field
        self.expected = expected
        self.found = found.count > 80 ? String(found.prefix(80)) + "..." : found
    }

    public var description: String { "\(field): expected \(expected), found \(found)" }
}
