import Exchanges
import TradingCore

/// The seven exchanges with one market each, or with many alike.
enum Dialects {
    static let names = ["binance", "bitfinex", "bybit", "gate", "kucoin", "mexc", "okx"]
    static let symbol = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))

    static func make(_ name: String) -> (any ExchangeDialect)? {
        let id =
            switch name {
            case "okx", "kucoin": "BTC-USDT"
            case "gate": "BTC_USDT"
            case "bitfinex": "tBTCUST"
            default: "BTCUSDT"
            }
        let catalog = MarketCatalog(markets: [market(id, symbol)], currencies: [])
        return switch name {
        case "binance": BinanceDialect(catalog: catalog)
        case "bitfinex": BitfinexDialect(catalog: catalog)
        case "bybit": BybitDialect(catalog: catalog)
        // The channel that ccxt follows.
        case "gate": GateDialect(catalog: catalog, bookFeed: .updates)
        case "kucoin": KuCoinDialect(catalog: catalog)
        case "mexc": MEXCDialect(catalog: catalog)
        case "okx": OKXDialect(catalog: catalog)
        default: nil
        }
    }

    static func market(_ id: String, _ symbol: Symbol) -> ExchangeMarket {
        ExchangeMarket(
            id: id, symbol: symbol, baseID: symbol.base.rawValue, quoteID: symbol.quote.rawValue, isActive: true,
            rounding: OrderRounding(amount: .step("0.00001"), price: .tick("0.01")))
    }
}
