import TestSupport
import TradingCore

@testable import Exchanges

/// What the MEXC suites share.
enum MEXCSamples {
    static let bitcoin = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    static let credentials = ExchangeCredentials(apiKey: "key", secret: Secret("secretsecret"))
    static let now: Int64 = 1_700_000_000_000
    static let context = SigningContext(credentials: credentials, now: now)

    static func dialect(_ options: MEXCDialect.Options = MEXCDialect.Options()) throws -> MEXCDialect {
        let info = try JSONValue(
            """
            {"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT",\
            "quoteAssetPrecision":2,"isSpotTradingAllowed":true,"quoteAmountPrecision":"1","baseSizePrecision":"0.000001",\
            "orderTypes":["LIMIT","MARKET"],"filters":[{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"0.2",\
            "askMultiplierDown":"0.2"}],"maxQuoteAmount":"4000000","makerCommission":"0","takerCommission":"0.0005"}
            """)
        let solana = ExchangeNetwork(id: "SOL", code: "SOL", name: "Solana(SOL)")
        let tether = ExchangeCurrency(id: "USDT", asset: AssetID("USDT"), networks: [solana])
        return MEXCDialect(
            catalog: MarketCatalog(markets: [try MEXCDialect.market(info)], currencies: [tether]), options: options)
    }

    static func answer(_ text: String, status: Int = 200) -> EndpointAnswer {
        EndpointAnswer(status: status, body: Array(text.utf8))
    }
}

extension ProtobufBytes {
    /// A message in its envelope.
    static func envelope(_ number: UInt64, _ message: ProtobufBytes, market: String? = "BTCUSDT") -> [UInt8] {
        var envelope = ProtobufBytes().field(1, "channel")
        if let market { envelope = envelope.field(3, market) }
        return envelope.field(6, MEXCSamples.now).field(number, message).bytes
    }

    static func depth(
        _ first: Int64, _ last: Int64, bids: [(String, String)] = [], asks: [(String, String)] = []
    ) -> [UInt8] {
        var message = ProtobufBytes()
        for (price, amount) in asks { message = message.field(1, ProtobufBytes().field(1, price).field(2, amount)) }
        for (price, amount) in bids { message = message.field(2, ProtobufBytes().field(1, price).field(2, amount)) }
        return envelope(313, message.field(3, "type").field(4, String(first)).field(5, String(last)))
    }
}
