import TradingCore

/// The fields of a call being put together, in the order they are sent. What is nil is left out.
struct RequestFields: Sendable {
    private(set) var members: [JSONValue.Member] = []

    var object: JSONValue { .object(members) }

    init() {}

    /// Texts known from the start.
    init(_ texts: KeyValuePairs<String, String?>) {
        for (key, text) in texts { put(key, text) }
    }

    mutating func put(_ key: String, _ text: String?) {
        if let text { put(key, .string(text)) }
    }

    mutating func put(_ key: String, number: Int64?) {
        if let number { put(key, .number(String(number))) }
    }

    mutating func put(_ key: String, number: Int?) {
        if let number { put(key, .number(String(number))) }
    }

    mutating func put(_ key: String, _ value: FixedDecimal?) {
        if let value { put(key, .string(value.description)) }
    }

    /// Replaces a field of the same name.
    mutating func put(_ key: String, _ value: JSONValue) {
        let member = JSONValue.Member(key: key, value: value)
        if let index = members.firstIndex(where: { $0.key == key }) {
            members[index] = member
        } else {
            members.append(member)
        }
    }

    /// The caller's own words count most.
    mutating func put(_ extra: ExtraParameters) {
        for member in extra { put(member.key, member.value) }
    }
}
