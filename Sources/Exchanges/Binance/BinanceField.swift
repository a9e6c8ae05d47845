import TradingCore

/// Parameters of a call, in order.
enum BinanceField {
    static func text(_ key: String, _ value: String) -> JSONValue.Member {
        JSONValue.Member(key: key, value: .string(value))
    }

    static func integer(_ key: String, _ value: Int64) -> JSONValue.Member {
        JSONValue.Member(key: key, value: .number(String(value)))
    }

    static func decimal(_ key: String, _ value: FixedDecimal) -> JSONValue.Member { text(key, value.description) }

    /// Nothing for nil.
    static func optional(_ key: String, _ value: (some BinaryInteger)?) -> [JSONValue.Member] {
        value.map { [JSONValue.Member(key: key, value: .number(String($0)))] } ?? []
    }

    static func optional(_ key: String, _ value: String?) -> [JSONValue.Member] {
        value.map { [text(key, $0)] } ?? []
    }

    /// Those of the caller stand in the place of ours with the same name, the others follow.
    static func replace(_ fields: [JSONValue.Member], by extra: ExtraParameters) -> [JSONValue.Member] {
        guard !extra.isEmpty else { return fields }
        return fields.map { field in extra.first { $0.key == field.key } ?? field }
            + extra.filter { member in !fields.contains { $0.key == member.key } }
    }
}
