import TradingCore

/// A JSON value to be written. Numbers are texts, so that a decimal keeps every digit.
indirect enum JSONTree: Hashable, Sendable {
    case object([Member])
    case array([JSONTree])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    struct Member: Hashable, Sendable {
        var key: String
        var value: JSONTree
    }

    /// An object; members whose value is nil are left out, as the original leaves out what is undefined.
    static func object(_ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        .object(members.compactMap { member in member.value.map { Member(key: member.key, value: $0) } })
    }

    static func number(_ value: FixedDecimal) -> JSONTree { .number(value.description) }
    static func number(_ value: some BinaryInteger) -> JSONTree { .number(String(value)) }

    init(_ value: JSONValue) {
        switch value {
        case .object(let members):
            self = .object(members.map { Member(key: $0.key, value: JSONTree($0.value)) })
        case .array(let values): self = .array(values.map(JSONTree.init))
        case .string(let text): self = .string(text)
        case .number(let text): self = .number(text)
        case .bool(let bool): self = .bool(bool)
        case .null: self = .null
        }
    }

    // MARK: - Writing

    var json: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                JSONTree.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .string(let string): JSONTree.write(string, to: &text)
        case .number(let digits): text += digits
        case .bool(let bool): text += bool ? "true" : "false"
        case .null: text += "null"
        }
    }

    /// A string as JSON writes it, RFC 8259 section 7.
    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    /// The same as YAML in block style; strings and keys are quoted as in JSON, which YAML 1.2 reads alike.
    var yaml: String { yamlLines(indent: 0).joined(separator: "\n") + "\n" }

    private func yamlLines(indent: Int) -> [String] {
        let margin = String(repeating: "  ", count: indent)
        switch self {
        case .object(let members) where !members.isEmpty:
            return members.flatMap { member -> [String] in
                let key = margin + JSONTree.string(member.key).json + ":"
                return member.value.isBlock
                    ? [key] + member.value.yamlLines(indent: indent + 1) : [key + " " + member.value.json]
            }
        case .array(let values) where !values.isEmpty:
            return values.flatMap { value -> [String] in
                value.isBlock ? [margin + "-"] + value.yamlLines(indent: indent + 1) : [margin + "- " + value.json]
            }
        default: return [margin + json]
        }
    }

    private var isBlock: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let values): !values.isEmpty
        default: false
        }
    }
}
