import Exchanges
import TradingCore

extension ExchangeStatus {
    var unified: JSONValue {
        .object([.text("status", isOK ? "ok" : "maintenance"), .integer("updated", updatedAt), .integer("eta", eta)])
    }
}

extension ExchangeTicker {
    var unified: JSONValue {
        let prices: [JSONValue.Member] = [
            .symbol(symbol), .decimal("high", high), .decimal("low", low), .decimal("bid", bid),
            .decimal("bidVolume", bidAmount), .decimal("ask", ask), .decimal("askVolume", askAmount),
            .decimal("open", open), .decimal("close", last), .decimal("last", last),
            .decimal("previousClose", previousClose),
        ]
        let figures: [JSONValue.Member] = [
            .decimal("vwap", vwap), .decimal("change", change), .decimal("percentage", percentage),
            .decimal("average", average), .decimal("baseVolume", baseVolume), .decimal("quoteVolume", quoteVolume),
        ]
        return .object(prices + figures + JSONValue.Member.times(time))
    }
}

extension [PriceLevel] {
    var unified: JSONValue { .array(map { .array([JSONValue($0.price), JSONValue($0.amount)]) }) }
}

extension ExchangeBook {
    var unified: JSONValue {
        .object(
            [
                .symbol(symbol), JSONValue.Member(key: "bids", value: bids.unified),
                JSONValue.Member(key: "asks", value: asks.unified), .integer("nonce", sequence),
            ] + JSONValue.Member.times(time))
    }
}

extension ExchangeCandle {
    var unified: JSONValue {
        .array([
            .number(String(time)), JSONValue(open), JSONValue(high), JSONValue(low), JSONValue(close),
            JSONValue(volume),
        ])
    }
}

extension OrderRounding {
    /// Steps, or counts of digits where the exchange counts digits.
    var unified: JSONValue {
        let amountValue: JSONValue =
            switch amount {
            case .step(let step): JSONValue(step)
            case .fractionDigits(let digits): .number(String(digits))
            case nil: .null
            }
        let priceValue: JSONValue =
            switch price {
            case .tick(let tick): JSONValue(tick)
            case .significantDigits(let digits, _): .number(String(digits))
            case nil: .null
            }
        return .object([
            JSONValue.Member(key: "amount", value: amountValue), JSONValue.Member(key: "price", value: priceValue),
            .decimal("cost", cost), .decimal("base", base), .decimal("quote", quote),
        ])
    }
}

extension ExchangeMarket {
    var unified: JSONValue {
        let bounds: [JSONValue.Member] = [
            .range("amount", limits.minimumAmount, limits.maximumAmount),
            .range("price", limits.minimumPrice, limits.maximumPrice),
            .range("cost", limits.minimumCost, limits.maximumCost),
            .range("market", limits.minimumMarketAmount, limits.maximumMarketAmount),
        ]
        return .object([
            .text("id", id), .symbol(symbol), .text("base", symbol.base.rawValue),
            .text("quote", symbol.quote.rawValue), .text("baseId", baseID), .text("quoteId", quoteID),
            .bool("active", isActive), JSONValue.Member(key: "precision", value: rounding.unified),
            JSONValue.Member(key: "limits", value: .object(bounds)), .decimal("taker", takerFee),
            .decimal("maker", makerFee),
        ])
    }
}

extension TransferLimits {
    var unified: JSONValue {
        .object([
            .range("withdraw", minimumWithdrawal, maximumWithdrawal), .range("deposit", minimumDeposit, maximumDeposit),
            .range("amount", minimumAmount, maximumAmount),
        ])
    }
}

extension ExchangeCurrency {
    var unified: JSONValue {
        .object([
            .text("id", id), .text("code", asset.rawValue), .decimal("precision", precision),
            .text("type", isFiat.map { $0 ? "fiat" : "crypto" }), .text("name", name), .bool("active", isActive),
            .bool("deposit", canDeposit), .bool("withdraw", canWithdraw), .decimal("fee", withdrawalFee),
            JSONValue.Member(key: "limits", value: limits.unified),
            JSONValue.Member(
                key: "networks",
                value: .object(networks.map { JSONValue.Member(key: $0.code, value: $0.unified) })),
        ])
    }
}

extension ExchangeNetwork {
    var unified: JSONValue {
        .object([
            .text("id", id), .bool("active", isActive), .bool("deposit", canDeposit),
            .bool("withdraw", canWithdraw), .decimal("fee", withdrawalFee), .decimal("precision", precision),
            JSONValue.Member(key: "limits", value: limits.unified),
        ])
    }
}
