import TradingCore

@testable import Exchanges

/// Markets for the tests of Bybit; keys, feeding and sorting of effects are those of ``OKXScene``.
enum BybitScene {
    static let dialect = BybitDialect(
        catalog: MarketCatalog(
            markets: [OKXScene.market(OKXScene.btc, "BTCUSDT"), OKXScene.market(OKXScene.ltc, "LTCUSDT")],
            currencies: []))

    static func signed(_ request: EndpointRequest) throws -> SignedRequest {
        try dialect.sign(request, OKXScene.context)
    }

    static func body(_ request: EndpointRequest) throws -> String { try signed(request).body ?? "" }

    static func good(_ result: String, around: String = #""retExtInfo":{},"time":5"#) -> EndpointAnswer {
        OKXScene.answer(#"{"retCode":0,"retMsg":"OK","result":\#(result),\#(around)}"#)
    }
}
