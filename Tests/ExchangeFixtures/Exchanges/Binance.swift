import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let binance: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "binance") { catalog, _ in BinanceDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "newClientOrderId"
        exchange.marketCost = .always
        exchange.captureName = "BINANCE"
        exchange.marketsAnswer = { .object([JSONValue.Member(key: "symbols", value: .array($0))]) }
        exchange.currenciesAnswer = { .array($0) }
        exchange.translate = { method, arguments in
            guard method.hasPrefix("create") else { return }
            if let amount = arguments.take("icebergAmount") { arguments.set("icebergQty", amount) }
            setTrailing(&arguments)
        }
        exchange.adapt = { answer, raw in
            // An order that does not work yet: CCXT takes the mark for a time.
            guard raw.text("workingTime") == "-1", raw["time"] == nil, let members = answer.members else {
                return answer
            }
            return .object(
                members.filter { $0.key != "timestamp" && $0.key != "datetime" } + [.integer("timestamp", -1)])
        }
        return exchange
    }()

    /// CCXT gives a percentage and a word, Binance takes hundredths of it and a type of order.
    private static func setTrailing(_ arguments: inout UnifiedArguments) {
        guard let percent = arguments.take("trailingPercent")?.text.flatMap({ FixedDecimal($0) }),
            let delta = try? percent.multiplied(by: 100)
        else { return }
        let isProfit = arguments.take("stopLossOrTakeProfit")?.text == "takeProfit"
        let suffix = arguments.positional.count > 1 && arguments.positional[1].text == "limit" ? "_LIMIT" : ""
        arguments.set("type", .string((isProfit ? "TAKE_PROFIT" : "STOP_LOSS") + suffix))
        arguments.set("trailingDelta", .string(delta.description))
    }
}
