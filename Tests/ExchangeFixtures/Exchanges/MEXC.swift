import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let mexc: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "mexc") { catalog, _ in MEXCDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "newClientOrderId"
        exchange.receiveWindow = 5_000
        exchange.droppedHeaders = ["source"]
        exchange.marketsAnswer = { .object([JSONValue.Member(key: "symbols", value: .array($0))]) }
        exchange.currenciesAnswer = { .array($0) }
        exchange.marketCost = .always
        // What is short is an asset, and what is not there one too.
        exchange.failureQuirks = ["30005": .invalidOrder, "10232": .badRequest]
        exchange.translate = { method, arguments in
            // CCXT sends a futures' filter along, which the spot call does not read.
            let states = ["fetchClosedOrders": "3", "fetchCanceledOrders": "4"]
            if let state = states[method] { arguments.set("states", .string(state)) }
            let endpoints = [
                "spotPublicGetTrades": "trades", "spotPublicGetHistoricalTrades": "historicalTrades",
                "spotPublicGetAggTrades": "aggTrades",
            ]
            if let name = arguments.parameter("method")?.text, let endpoint = endpoints[name] {
                _ = arguments.take("method")
                arguments.set("endpoint", .string(endpoint))
            }
        }
        // CCXT leaves out when an order changed.
        exchange.adapt = { answer, _ in withoutUpdate(answer) }
        // On the stream CCXT takes an order's nominal amount for its cost, its creation for its last trade, and never sees
        // a maker.
        exchange.streamQuirks = ["cost", "lastTradeTimestamp", "takerOrMaker"]
        return exchange
    }()

    private static func withoutUpdate(_ answer: JSONValue) -> JSONValue {
        switch answer {
        case .array(let elements): .array(elements.map(withoutUpdate))
        case .object(let members): .object(members.filter { $0.key != "lastUpdateTimestamp" })
        default: answer
        }
    }
}
