import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let gate: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "gate") { catalog, options in
            let isUnified = options.last { $0.key == "unifiedAccount" }?.value == .bool(true)
            return GateDialect(catalog: catalog, account: isUnified ? .unified : .spot)
        }
        // Labels that we tell apart: orders that are over, and why a withdrawal was not taken.
        exchange.failureQuirks = [
            "ORDER_FINISHED": .exchangeError, "NO_CHANGE": .invalidOrder, "ADDRESS_NOT_USED": .exchangeError,
            "INVALID_WITHDRAW_ID": .exchangeError, "INVALID_WITHDRAW_CANCEL_STATUS": .exchangeError,
            "API_WITHDRAW_DISABLED": .exchangeNotAvailable,
        ]
        exchange.clientOrderIDKey = "text"
        exchange.optionParameters = ["unifiedAccount"]
        // A mark of CCXT's own that it forgets to take away before it sends.
        exchange.droppedKeys = ["textIsRequired"]
        exchange.captureName = "GATEIO"
        exchange.marketsAnswer = { .array($0) }
        exchange.currenciesAnswer = { .array($0) }
        exchange.marketAdditions = ["limits.amount.max", "limits.market.max"]
        exchange.expectedCurrency = rewordNetworks
        exchange.adapt = { answer, _ in rewordTimes(answer) }
        // CCXT takes the first volume of a stream's candle, which is the one in quote.
        exchange.rewordCandle = { candle in
            var reworded = candle
            reworded.volume = candle.quoteVolume
            return reworded
        }
        return exchange
    }()

    /// CCXT calls the time of an order's last update that of its last trade.
    private static func rewordTimes(_ answer: JSONValue) -> JSONValue {
        switch answer {
        case .array(let elements): return .array(elements.map(rewordTimes))
        case .object(let members) where answer["lastUpdateTimestamp"] != nil:
            let updated = answer["lastUpdateTimestamp"] ?? .null
            return .object(
                members.map { member in
                    switch member.key {
                    case "lastUpdateTimestamp": JSONValue.Member(key: member.key, value: .null)
                    case "lastTradeTimestamp": JSONValue.Member(key: member.key, value: updated)
                    default: member
                    }
                })
        default: return answer
        }
    }

    /// Tokens on the chain `BTC` are called `BRC20` in the answers, and `BTC` in `markets.json`.
    private static func rewordNetworks(_ currency: JSONValue.Member) -> JSONValue.Member {
        guard currency.key != "BTC", case .object(let members) = currency.value else { return currency }
        return JSONValue.Member(
            key: currency.key,
            value: .object(
                members.map { member in
                    guard member.key == "networks", case .object(let networks) = member.value else { return member }
                    return JSONValue.Member(
                        key: member.key,
                        value: .object(
                            networks.map { JSONValue.Member(key: $0.key == "BTC" ? "BRC20" : $0.key, value: $0.value) }
                        ))
                }))
    }
}
