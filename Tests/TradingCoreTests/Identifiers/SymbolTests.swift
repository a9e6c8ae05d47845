import Testing
import TradingCore

@Suite("Symbol")
struct SymbolTests {
    @Test(
        "reads two names around one slash",
        arguments: [
            ("BTC/USDT", "BTC", "USDT"), ("btc/usdt", "BTC", "USDT"), ("1INCH/usdc", "1INCH", "USDC"),
            ("A/B", "A", "B"),
            ("1000/1", "1000", "1"),
        ])
    func reads(text: String, base: String, quote: String) throws {
        let symbol = try #require(Symbol(text))
        #expect(symbol.base == AssetID(base))
        #expect(symbol.quote == AssetID(quote))
        #expect(symbol.description == "\(base)/\(quote)")
        #expect(Symbol(symbol.description) == symbol)
        #expect(Symbol(text[...]) == symbol)
    }

    @Test(
        "refuses anything else",
        arguments: [
            "", "/", "BTC", "BTC/", "/USDT", "BTC//USDT", "BTC/USDT/", "/BTC/USDT", "BTC/USDT/EUR", "BTC-USDT",
            "BTCUSDT",
            "BTC /USDT", " BTC/USDT", "BTC/USDT\n", "BTC/BTC", "btc/BTC", "Btc/bTC", "BTC/US_DT", "BTC/ÜSDT",
            "ＢＴＣ/USDT",
            "BTC/\u{301}USDT", "BTC/USDT\0", "BTC:USDT",
        ])
    func refuses(text: String) {
        #expect(Symbol(text) == nil)
    }

    @Test("identifiers print as people write them")
    func prints() throws {
        let id = InstrumentID(exchange: ExchangeID(rawValue: "binance"), symbol: try #require(Symbol("btc/usdt")))
        #expect("\(id)" == "binance:BTC/USDT")
        #expect(AssetID("BTC") < AssetID("ETH"))
        #expect(AccountID(1) < AccountID(2))
    }
}
