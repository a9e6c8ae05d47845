import TradingCore

@testable import Exchanges

/// What the Bitfinex suites share.
enum BitfinexSamples {
    static let bitcoin = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    static let litecoin = Symbol(base: AssetID("LTC"), quote: AssetID("USDT"))
    static let credentials = ExchangeCredentials(apiKey: "key", secret: Secret("secretsecret"))
    static let now: Int64 = 1_700_000_000_000
    static let context = SigningContext(credentials: credentials, now: now)

    static func dialect(
        _ options: BitfinexDialect.Options = BitfinexDialect.Options()
    ) throws -> BitfinexDialect {
        let info = try JSONValue("[null,null,null,\"0.00004\",\"2000.0\",null,null,null,0.1,0.05,null,null]")
        let markets = try ["BTCUST", "LTCUST", "AVAX:UST"].compactMap { try BitfinexDialect.market($0, info) }
        let network = ExchangeNetwork(id: "tetheruse", code: "ERC20")
        let currencies = [
            ExchangeCurrency(id: "UST", asset: AssetID("USDT"), networks: [network]),
            ExchangeCurrency(id: "BTC", asset: AssetID("BTC")),
        ]
        return BitfinexDialect(catalog: MarketCatalog(markets: markets, currencies: currencies), options: options)
    }

    static func answer(_ text: String, status: Int = 200) -> EndpointAnswer {
        EndpointAnswer(status: status, body: Array(text.utf8))
    }
}

/// What a session does with a message.
struct SessionSteps {
    var session: any StreamSession
    var now: Int64 = 1_700_000_000_000

    mutating func open(_ context: SigningContext) -> [StreamEffect] {
        var effects: [StreamEffect] = []
        session.opened(context, into: &effects)
        return effects
    }

    mutating func receive(_ text: String) -> [StreamEffect] { receive(Array(text.utf8), isBinary: false) }

    mutating func receive(_ bytes: [UInt8], isBinary: Bool) -> [StreamEffect] {
        var effects: [StreamEffect] = []
        bytes.withUnsafeBytes { session.received($0, isBinary: isBinary, now: now, into: &effects) }
        return effects
    }

    mutating func fetch(_ book: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol) -> [StreamEffect] {
        var effects: [StreamEffect] = []
        session.fetched(book, symbol, now: now, into: &effects)
        return effects
    }

    mutating func wake() -> [StreamEffect] {
        var effects: [StreamEffect] = []
        session.wake(now, into: &effects)
        return effects
    }
}

func levels(_ pairs: (FixedDecimal, FixedDecimal)...) -> [PriceLevel] {
    pairs.map { PriceLevel(price: $0.0, amount: $0.1) }
}
