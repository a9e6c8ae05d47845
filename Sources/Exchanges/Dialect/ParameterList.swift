import TradingCore

/// The parameters of a call, in the order in which they are sent. What is nil is not sent.
struct ParameterList {
    private(set) var members: [JSONValue.Member] = []

    mutating func add(_ key: String, _ text: String?) {
        guard let text else { return }
        members.append(JSONValue.Member(key: key, value: .string(text)))
    }

    mutating func add(_ key: String, number: (some FixedWidthInteger)?) {
        guard let number else { return }
        members.append(JSONValue.Member(key: key, value: .number(String(number))))
    }

    mutating func add(_ key: String, _ value: JSONValue) {
        members.append(JSONValue.Member(key: key, value: value))
    }

    mutating func add(_ key: String, flag: Bool?) {
        guard let flag else { return }
        members.append(JSONValue.Member(key: key, value: .bool(flag)))
    }

    /// With the caller's own parameters, which replace ours of the same name.
    func with(_ extra: ExtraParameters) -> [JSONValue.Member] {
        if extra.isEmpty { return members }
        let names = Set(extra.map(\.key))
        return members.filter { !names.contains($0.key) } + extra
    }
}
