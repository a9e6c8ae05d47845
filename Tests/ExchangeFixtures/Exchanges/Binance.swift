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
        return exchange
    }()
}
