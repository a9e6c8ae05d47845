import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let okx: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "okx") { catalog, _ in OKXDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "clOrdId"
        // CCXT sends an option of its own along with sells by cost.
        exchange.droppedKeys = ["tag", "createMarketBuyOrderRequiresPrice"]
        exchange.marketCost = .never
        exchange.captureName = "OKX"
        exchange.failureQuirks = [
            "51732": .authenticationError, "51733": .authenticationError, "51501": .exchangeError,
            "51030": .contractUnavailable, "51110": .invalidOrder, "51323": .badRequest, "51324": .badRequest,
            "60016": .exchangeNotAvailable, "58212": .exchangeError,
        ]
        // The bounds of market orders: CCXT leaves them out.
        exchange.marketAdditions = ["limits.market"]
        exchange.marketsAnswer = { .object([code, JSONValue.Member(key: "data", value: .array($0))]) }
        exchange.currenciesAnswer = { .object([code, JSONValue.Member(key: "data", value: .array($0))]) }
        // The oracle passes a fill's negative fee on, and takes the whole order's cost for the fill's.
        exchange.fillQuirks = ["fee", "fees", "cost"]
        exchange.translate = { method, arguments in
            arguments.dropLimitWithSince(method)
            if method == "fetchBalance", arguments.parameter("type")?.text == "funding" {
                arguments.set("type", .string("FUND"))
            }
            // An amount is one of base unless the order says otherwise.
            if arguments.parameter("tgtCcy") == nil { _ = arguments.take("createMarketBuyOrderRequiresPrice") }
            // CCXT chooses the endpoint by name, we by the number of levels.
            guard method == "fetchOrderBook", let name = arguments.take("method")?.text else { return }
            guard name == "publicGetMarketBooksFull", arguments.positional.count < 2 || arguments.positional[1].isNull
            else { return }
            arguments.positional = Array(arguments.positional.prefix(1)) + [.number("5000")]
        }
        return exchange
    }()

    private static let code = JSONValue.Member(key: "code", value: .string("0"))
}
