/// Parameters as they came, before anyone judged them: names and values in their own spelling.
public struct ParameterDocument: Sendable {
    public enum Value: Hashable, Sendable {
        /// A number by its text, so that no digit is lost.
        case number(String)
        case string(String)
        case bool(Bool)
        case null
        /// An object or array, where none belongs.
        case nested
    }

    public private(set) var values: [String: Value] = [:]
    /// Names that came twice.
    public private(set) var duplicates: [String] = []

    public init(_ pairs: [(String, Value)] = []) {
        for (name, value) in pairs {
            if values.updateValue(value, forKey: name) != nil, !duplicates.contains(name) { duplicates.append(name) }
        }
    }
}

extension ParameterDocument.Value: CustomStringConvertible {
    public var description: String {
        switch self {
        case .number(let text): ParameterDocument.Value.shortened(text)
        case .string(let text): "\"\(ParameterDocument.Value.shortened(text))\""
        case .bool(let value): "\(value)"
        case .null: "null"
        case .nested: "an object or list"
        }
    }

    /// Messages repeat what was sent, but not a megabyte of it.
    private static func shortened(_ text: String) -> String {
        text.count > 64 ? text.prefix(64) + "…" : text
    }
}

/// One refused parameter: field, value and the rule it breaks.
public struct ParameterError: Error, Hashable, Sendable, CustomStringConvertible {
    public let field: String
    public let value: String
    public let rule: String

    public init(field: String, value: String, rule: String) {
        self.field = field
        self.value = value
        self.rule = rule
    }

    public var description: String { "\(field) \(value): must be \(rule)" }
}

/// Every refused parameter of a document, in a stable order.
public struct ParameterErrors: Error, Hashable, Sendable, CustomStringConvertible {
    public let errors: [ParameterError]

    public init(_ errors: [ParameterError]) {
        self.errors = errors
    }

    public var description: String { errors.map(\.description).joined(separator: "; ") }
}
