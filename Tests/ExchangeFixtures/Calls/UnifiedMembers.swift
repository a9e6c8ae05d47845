import Exchanges
import TradingCore

/// Short forms for the members of unified objects; nil becomes null.
extension JSONValue.Member {
    static func text(_ key: String, _ value: String?) -> Self {
        Self(key: key, value: value.map { .string($0) } ?? .null)
    }
    static func integer(_ key: String, _ value: Int64?) -> Self {
        Self(key: key, value: value.map { .number(String($0)) } ?? .null)
    }
    static func decimal(_ key: String, _ value: FixedDecimal?) -> Self {
        Self(key: key, value: JSONValue(value))
    }
    static func bool(_ key: String, _ value: Bool?) -> Self { Self(key: key, value: value.map { .bool($0) } ?? .null) }

    static func symbol(_ value: Symbol?) -> Self { text("symbol", value?.description) }
    static func side(_ value: Side?) -> Self { text("side", value.map { $0 == .buy ? "buy" : "sell" }) }

    static func range(_ key: String, _ minimum: FixedDecimal?, _ maximum: FixedDecimal?) -> Self {
        Self(key: key, value: .object([.decimal("min", minimum), .decimal("max", maximum)]))
    }

    /// A time as number and text.
    static func times(_ milliseconds: Int64?) -> [Self] {
        [.integer("timestamp", milliseconds), .text("datetime", milliseconds.flatMap { ISOTime.text($0) })]
    }
}

extension JSONValue {
    init(_ value: FixedDecimal?) { self = value.map { .number($0.description) } ?? .null }
}
