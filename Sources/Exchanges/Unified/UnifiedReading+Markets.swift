public import TradingCore

extension UnifiedReading {
    /// How ccxt counts an exchange's precision.
    public enum PrecisionMode: Int64, Sendable {
        case decimalPlaces = 2
        case significantDigits = 3
        case tickSize = 4
    }

    /// - Returns: nil for a market whose assets have names that no symbol of ours can hold.
    public static func market(
        _ value: JSONValue, _ mode: PrecisionMode
    ) throws(UnreadableAnswer) -> ExchangeMarket? {
        guard let symbol = Symbol(try value.requiredText("symbol")) else { return nil }
        return ExchangeMarket(
            id: try value.requiredText("id"), symbol: symbol, baseID: value.text("baseId") ?? symbol.base.rawValue,
            quoteID: value.text("quoteId") ?? symbol.quote.rawValue, isActive: value.bool("active"),
            rounding: try rounding(value["precision"] ?? .null, mode), limits: try limits(value["limits"] ?? .null),
            makerFee: try value.decimal("maker"), takerFee: try value.decimal("taker"))
    }

    private static func rounding(
        _ precision: JSONValue, _ mode: PrecisionMode
    ) throws(UnreadableAnswer) -> OrderRounding {
        switch mode {
        case .tickSize:
            return OrderRounding(
                amount: try precision.decimal("amount").map { .step($0) },
                price: try precision.decimal("price").map { .tick($0) }, cost: try precision.decimal("cost"),
                base: try precision.decimal("base"), quote: try precision.decimal("quote"))
        case .decimalPlaces:
            return OrderRounding(
                amount: try step(precision, "amount").map { .step($0) },
                price: try step(precision, "price").map { .tick($0) }, cost: try step(precision, "cost"),
                base: try step(precision, "base"), quote: try step(precision, "quote"))
        case .significantDigits:
            return OrderRounding(
                amount: try precision.integer("amount").map { .fractionDigits(Int(clamping: $0)) },
                price: try precision.integer("price").map {
                    .significantDigits(Int(clamping: $0), maximumFractionDigits: 8)
                })
        }
    }

    /// The step that so many fractional digits are; before the point where the number is negative.
    private static func step(_ precision: JSONValue, _ name: String) throws(UnreadableAnswer) -> FixedDecimal? {
        guard let digits = try precision.integer(name) else { return nil }
        guard (-18...18).contains(digits) else {
            throw UnreadableAnswer("precision.\(name)", expected: "-18 to 18 digits", found: "\(digits)")
        }
        var raw = digits < 0 ? FixedDecimal.one128 : 1
        for _ in 0..<(digits < 0 ? -digits : 18 - digits) { raw *= 10 }
        return FixedDecimal(raw: raw)
    }

    private static func limits(_ value: JSONValue) throws(UnreadableAnswer) -> OrderLimits {
        var limits = OrderLimits()
        limits.minimumAmount = try value["amount"]?.decimal("min")
        limits.maximumAmount = try value["amount"]?.decimal("max")
        limits.minimumPrice = try value["price"]?.decimal("min")
        limits.maximumPrice = try value["price"]?.decimal("max")
        limits.minimumCost = try value["cost"]?.decimal("min")
        limits.maximumCost = try value["cost"]?.decimal("max")
        limits.minimumMarketAmount = try value["market"]?.decimal("min")
        limits.maximumMarketAmount = try value["market"]?.decimal("max")
        return limits
    }
}
