internal import Persistence
internal import TradingCore

/// An amount exactly as this server writes it: `0.5`. `0.50` is worth the same, and nobody but a tamperer wrote it.
struct WrittenDecimal: SQLConvertible {
    let value: FixedDecimal

    var sqlValue: SQLValue { value.sqlValue }

    init?(sqlValue: SQLValue) {
        guard let value = FixedDecimal(sqlValue: sqlValue), value.sqlValue == sqlValue else { return nil }
        self.value = value
    }
}
