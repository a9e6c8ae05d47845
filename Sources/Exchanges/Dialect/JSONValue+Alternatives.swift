import TradingCore

/// Fields that an exchange calls by one name or by another.
extension JSONValue {
    func decimal(_ key: String, or other: String) throws(UnreadableAnswer) -> FixedDecimal? {
        if let value = try decimal(key) { return value }
        return try decimal(other)
    }

    func integer(_ key: String, or other: String) throws(UnreadableAnswer) -> Int64? {
        if let value = try integer(key) { return value }
        return try integer(other)
    }
}
