import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let binance: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "binance") { catalog, _ in BinanceDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "newClientOrderId"
        exchange.marketCost = .always
        // Codes that we tell apart: what is not known to be refused, and which key it was.
        exchange.failureQuirks = [
            "-1008": .exchangeError, "-2016": .exchangeError, "-1099": .exchangeError, "-2008": .exchangeError,
        ]
        exchange.captureName = "BINANCE"
        exchange.marketsAnswer = { .object([JSONValue.Member(key: "symbols", value: .array($0))]) }
        exchange.currenciesAnswer = { .array($0) }
        exchange.translate = { method, arguments in
            if method == "fetchBalance", arguments.parameter("type")?.text == "funding" {
                arguments.set("type", .string("FUND"))
            }
            guard method.hasPrefix("create") else { return }
            if let cost = arguments.take("quoteOrderQty") { arguments.set("cost", cost) }
            if let amount = arguments.take("icebergAmount") { arguments.set("icebergQty", amount) }
            setTrailing(&arguments)
        }
        exchange.adapt = { answer, raw in
            guard var members = answer.members else { return answer }
            // An order that does not work yet: CCXT takes the mark for a time.
            if raw.text("workingTime") == "-1", raw["time"] == nil {
                members.removeAll { $0.key == "timestamp" || $0.key == "datetime" }
                members.append(.integer("timestamp", -1))
            }
            // It does not tell the fills of a new order whose they are.
            if raw["fills"] != nil { members = members.map { $0.key == "trades" ? withoutOrder($0) : $0 } }
            return .object(members)
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

    private static func withoutOrder(_ trades: JSONValue.Member) -> JSONValue.Member {
        let ours: Set<String> = ["order", "side", "type"]
        return JSONValue.Member(
            key: trades.key,
            value: .array(
                (trades.value.elements ?? []).map { trade in
                    .object((trade.members ?? []).filter { !ours.contains($0.key) })
                }))
    }
}
