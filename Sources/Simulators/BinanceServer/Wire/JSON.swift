import TradingCore

/// JSON on its way out. Objects keep the order of their keys.
enum JSON: Sendable, Hashable {
    case object([Member])
    case list([JSON])
    case text(String)
    case number(Int64)
    case bool(Bool)
    case null
    /// Already JSON, as an id that is sent back the way it came.
    case raw(String)

    struct Member: Sendable, Hashable {
        var key: String
        var value: JSON
    }

    /// A price or quantity: a string with eight decimals.
    static func decimal(_ value: FixedDecimal) -> JSON { .text(value.eightDigits) }

    var rendered: String {
        var text = ""
        write(to: &text)
        return text
    }

    func write(to text: inout String) {
        switch self {
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                JSON.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        case .list(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .text(let value): JSON.write(value, to: &text)
        case .number(let value): text += String(value)
        case .bool(let value): text += value ? "true" : "false"
        case .null: text += "null"
        case .raw(let json): text += json
        }
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
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

    /// The same with more members after it; what is no object stays as it is.
    func adding(_ more: JSON) -> JSON {
        guard case .object(let members) = self, case .object(let others) = more else { return self }
        return .object(members + others)
    }

    /// Of a list; none of anything else.
    var elements: [JSON] { if case .list(let elements) = self { elements } else { [] } }

    /// What came in, to be sent back digit for digit.
    init(_ value: JSONValue) {
        self =
            switch value {
            case .object(let members): .object(members.map { Member(key: $0.key, value: JSON($0.value)) })
            case .array(let elements): .list(elements.map { JSON($0) })
            case .string(let text): .text(text)
            case .number(let text): .raw(text)
            case .bool(let value): .bool(value)
            case .null: .null
            }
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
    init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }

    init(arrayLiteral elements: JSON...) {
        self = .list(elements)
    }
}

extension FixedDecimal {
    /// With exactly eight decimals, what is finer cut off: `0.10000000`.
    var eightDigits: String {
        let scaled = raw.magnitude / 10_000_000_000
        let (whole, fraction) = scaled.quotientAndRemainder(dividingBy: 100_000_000)
        let digits = String(UInt64(fraction))
        let sign = raw < 0 && scaled != 0 ? "-" : ""
        return sign + String(whole) + "." + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension Timestamp {
    /// Whole milliseconds since 1970.
    var milliseconds: Int64 { nanoseconds / Nanoseconds.perMillisecond }
}
