import Exchanges
import TradingCore

/// Reads `markets.json` as CCXT unified it: what cases are run with, apart from the connector's own parser.
enum FixtureCatalog {
    static func read(_ file: JSONValue, countsDigits: Bool) throws -> MarketCatalog {
        MarketCatalog(
            markets: try (file["markets"]?.members ?? []).compactMap { try market($0.value, countsDigits) },
            currencies: try (file["currencies"]?.members ?? []).map { try currency($0.key, $0.value) })
    }

    private static func market(_ value: JSONValue, _ countsDigits: Bool) throws -> ExchangeMarket? {
        guard let symbol = Symbol(try value.requiredText("symbol")) else { return nil }
        return ExchangeMarket(
            id: try value.requiredText("id"), symbol: symbol, baseID: value.text("baseId") ?? symbol.base.rawValue,
            quoteID: value.text("quoteId") ?? symbol.quote.rawValue, isActive: value.bool("active"),
            rounding: try rounding(value["precision"] ?? .null, countsDigits),
            limits: try limits(value["limits"] ?? .null), makerFee: try value.decimal("maker"),
            takerFee: try value.decimal("taker"), numericID: value.text("instIdCode"))
    }

    private static func rounding(_ precision: JSONValue, _ countsDigits: Bool) throws -> OrderRounding {
        if countsDigits {
            return OrderRounding(
                amount: try precision.integer("amount").map { .fractionDigits(Int(clamping: $0)) },
                price: try precision.integer("price").map {
                    .significantDigits(Int(clamping: $0), maximumFractionDigits: 8)
                })
        }
        return OrderRounding(
            amount: try precision.decimal("amount").map { .step($0) },
            price: try precision.decimal("price").map { .tick($0) },
            cost: try precision.decimal("cost"), base: try precision.decimal("base"),
            quote: try precision.decimal("quote"))
    }

    private static func limits(_ value: JSONValue) throws -> OrderLimits {
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

    private static func currency(_ code: String, _ value: JSONValue) throws -> ExchangeCurrency {
        ExchangeCurrency(
            id: value.text("id") ?? code, asset: AssetID(code), name: value.text("name"),
            isActive: value.bool("active"), canDeposit: value.bool("deposit"), canWithdraw: value.bool("withdraw"),
            withdrawalFee: try value.decimal("fee"), precision: try value.decimal("precision"),
            isFiat: value.text("type").map { $0 == "fiat" },
            networks: try (value["networks"]?.members ?? []).map { try network($0.key, $0.value) })
    }

    private static func network(_ code: String, _ value: JSONValue) throws -> ExchangeNetwork {
        ExchangeNetwork(
            id: value.text("id") ?? code, code: code,
            // MEXC's calls want a network's long name, which only the raw payload has.
            name: value.text("name") ?? value["info"]?.text("network"), isActive: value.bool("active"),
            canDeposit: value.bool("deposit"), canWithdraw: value.bool("withdraw"),
            withdrawalFee: try value.decimal("fee"), precision: try value.decimal("precision"))
    }
}
