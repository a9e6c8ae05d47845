import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let kucoin: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "kucoin") { catalog, options in
            func isOn(_ name: String) -> Bool { options.last { $0.key == name }?.value == .bool(true) }
            return KuCoinDialect(
                catalog: catalog,
                trading: isOn("hf") || isOn("sync") ? .highFrequency(isSynchronous: isOn("sync")) : .classic)
        }
        exchange.clientOrderIDKey = "clientOid"
        exchange.optionParameters = ["hf", "sync"]
        exchange.methodOptions = ["editOrder": [JSONValue.Member(key: "hf", value: .bool(true))]]
        exchange.unsupportedParameters = ["uta"]
        exchange.droppedHeaders = ["kc-api-partner", "kc-api-partner-sign", "kc-api-partner-verify"]
        exchange.marketCost = .never
        exchange.captureName = "KUCOIN"
        exchange.marketsAnswer = { answer($0) }
        exchange.currenciesAnswer = { answer($0) }
        exchange.marketAdditions = ["precision.cost"]
        exchange.expectedCurrency = withoutActivity
        // CCXT has no entry for KuCoin's answer to too many requests.
        exchange.failureQuirks = ["429000": .exchangeError, "408000": .badRequest]
        exchange.streamQuirks = ["average", "cost"]
        exchange.ordersCarryFills = false
        exchange.translate = translate
        exchange.adapt = { answer, _ in withoutUpdateTime(answer) }
        // The captures are older than the second version of the list.
        exchange.capturedMarkets = { answers in
            answers.first { $0.url.hasSuffix("/api/v1/symbols") }.flatMap { try? JSONValue($0.body) }
        }
        return exchange
    }()

    private static func answer(_ rows: [JSONValue]) -> JSONValue {
        .object([
            JSONValue.Member(key: "code", value: .string("200000")), JSONValue.Member(key: "data", value: .array(rows)),
        ])
    }

    private static func translate(_ method: String, _ arguments: inout UnifiedArguments) {
        if arguments.parameter("uta") == .bool(false) { _ = arguments.take("uta") }
        // CCXT's names of KuCoin's accounts.
        let accounts = ["funding": "main", "main": "main", "trade": "trade", "hf": "trade_hf"]
        if method == "fetchBalance", let type = arguments.parameter("type")?.text, let account = accounts[type] {
            arguments.set("type", .string(account))
        }
        arguments.dropLimitWithSince(method)
        // CCXT asks for candles up to now.
        if method == "fetchOHLCV", arguments[2] == nil, arguments.parameter("until") == nil {
            arguments.set("until", .number(String(ExchangeFixtures.now)))
        }
    }

    /// CCXT leaves out when a stream told an order's state.
    private static func withoutUpdateTime(_ answer: JSONValue) -> JSONValue {
        guard case .object(let members) = answer, answer["lastUpdateTimestamp"] != nil else { return answer }
        return .object(members.filter { $0.key != "lastUpdateTimestamp" })
    }

    /// `markets.json` tells whether an asset and its networks are active; the answers no longer do.
    private static func withoutActivity(_ currency: JSONValue.Member) -> JSONValue.Member {
        func cut(_ value: JSONValue) -> JSONValue {
            guard case .object(let members) = value else { return value }
            return .object(
                members.filter { $0.key != "active" }.map { JSONValue.Member(key: $0.key, value: cut($0.value)) })
        }
        return JSONValue.Member(key: currency.key, value: cut(currency.value))
    }
}
