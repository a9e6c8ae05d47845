import Exchanges
import TradingCore

extension ExchangeUnderTest {
    static let bybit: ExchangeUnderTest = {
        var exchange = ExchangeUnderTest(id: "bybit") { catalog, _ in BybitDialect(catalog: catalog) }
        exchange.clientOrderIDKey = "orderLinkId"
        exchange.receiveWindow = 5_000
        exchange.droppedHeaders = ["referer"]
        exchange.marketCost = .always
        // The oracle gives the time of an order's last change for that of its last trade.
        exchange.streamQuirks = ["lastTradeTimestamp"]
        // The bounds of market orders: CCXT leaves them out.
        exchange.marketAdditions = ["limits.market"]
        exchange.marketsAnswer = { answer("list", $0) }
        exchange.currenciesAnswer = { answer("rows", $0) }
        exchange.translate = { _, arguments in
            // CCXT's own: that one knows how few orders are found by id.
            _ = arguments.take("acknowledged")
        }
        return exchange
    }()

    private static func answer(_ key: String, _ rows: [JSONValue]) -> JSONValue {
        .object([
            JSONValue.Member(key: "retCode", value: .number("0")),
            JSONValue.Member(
                key: "result", value: .object([JSONValue.Member(key: key, value: .array(rows))])),
        ])
    }
}
