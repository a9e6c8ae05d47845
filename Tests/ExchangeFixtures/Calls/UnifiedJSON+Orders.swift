import Exchanges
import TradingCore

extension ExchangeFee {
    var unified: JSONValue {
        .object([.text("currency", asset?.rawValue), .decimal("cost", cost), .decimal("rate", rate)])
    }
}

extension [ExchangeFee] {
    /// With exactly one fee, `fee` is it.
    var unifiedMembers: [JSONValue.Member] {
        [
            JSONValue.Member(key: "fee", value: count == 1 ? self[0].unified : .null),
            JSONValue.Member(key: "fees", value: .array(map(\.unified))),
        ]
    }
}

extension OrderKind {
    var unified: String {
        switch self {
        case .limit: "limit"
        case .market: "market"
        case .other(let word): word
        }
    }
}

extension OrderState {
    var unified: String {
        switch self {
        case .open: "open"
        case .closed: "closed"
        case .cancelled: "canceled"
        case .cancelling: "canceling"
        case .expired: "expired"
        case .expiring: "expiring"
        case .rejected: "rejected"
        case .other(let word): word
        }
    }
}

extension ExchangeOrder {
    var unified: JSONValue {
        let identity: [JSONValue.Member] = [
            .text("id", id), .text("clientOrderId", clientOrderID), .symbol(symbol), .side(side),
            .text("type", type?.unified), .text("timeInForce", timeInForce?.rawValue), .bool("postOnly", isPostOnly),
        ]
        let numbers: [JSONValue.Member] = [
            .decimal("price", price), .decimal("triggerPrice", triggerPrice), .decimal("amount", amount),
            .decimal("filled", filled), .decimal("remaining", remaining), .decimal("cost", cost),
            .decimal("average", average),
        ]
        let state: [JSONValue.Member] = [
            .text("status", status?.unified), .integer("lastTradeTimestamp", lastTradeAt),
            .integer("lastUpdateTimestamp", updatedAt),
            JSONValue.Member(key: "trades", value: .array(trades.map(\.unified))),
        ]
        return .object(identity + numbers + state + fees.unifiedMembers + JSONValue.Member.times(createdAt))
    }
}

extension ExchangeTrade {
    var unified: JSONValue {
        let members: [JSONValue.Member] = [
            .text("id", id), .text("order", orderID), .symbol(symbol), .side(side), .text("type", type?.unified),
            .text("takerOrMaker", liquidity.map { $0 == .maker ? "maker" : "taker" }), .decimal("price", price),
            .decimal("amount", amount), .decimal("cost", cost),
        ]
        return .object(members + fees.unifiedMembers + JSONValue.Member.times(time))
    }
}

extension ExchangeBalances {
    /// An object for each asset, and the maps `free`, `used`, `total`.
    var unified: JSONValue {
        let assets = balances.map { balance in
            JSONValue.Member(
                key: balance.asset.rawValue,
                value: .object([
                    .decimal("free", balance.free), .decimal("used", balance.used), .decimal("total", balance.total),
                    .decimal("debt", balance.debt),
                ]))
        }
        func map(_ key: String, _ value: (ExchangeBalance) -> FixedDecimal?) -> JSONValue.Member {
            JSONValue.Member(
                key: key,
                value: .object(balances.map { JSONValue.Member.decimal($0.asset.rawValue, value($0)) }))
        }
        return .object(
            assets + [map("free", \.free), map("used", \.used), map("total", \.total), map("debt", \.debt)]
                + JSONValue.Member.times(time))
    }
}

extension ExchangeWallet {
    var unified: JSONValue { .object([.text("id", id), .text("type", type), .text("code", asset?.rawValue)]) }
}

extension TradingFees {
    var unified: JSONValue {
        .object([
            .symbol(symbol), .decimal("maker", maker), .decimal("taker", taker), .bool("percentage", isPercentage),
            .bool("tierBased", isTierBased),
        ])
    }
}
