import Exchanges
import TradingCore

/// Two markets and what is needed to talk about them.
enum BinanceBench {
    static let btc = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    static let ltc = Symbol(base: AssetID("LTC"), quote: AssetID("USDT"))

    static let dialect = BinanceDialect(
        catalog: MarketCatalog(
            markets: [market("BTC", tick: "0.01", step: "0.00001"), market("LTC", tick: "0.01", step: "0.001")],
            currencies: [
                ExchangeCurrency(
                    id: "USDT", asset: AssetID("USDT"), isFiat: false,
                    networks: [
                        ExchangeNetwork(id: "TRX", code: "TRC20", precision: "0.000001"),
                        ExchangeNetwork(id: "ETH", code: "ERC20", precision: "0.000001"),
                    ]),
                ExchangeCurrency(id: "EUR", asset: AssetID("EUR"), isFiat: true),
            ]))

    static func market(_ base: String, tick: FixedDecimal, step: FixedDecimal) -> ExchangeMarket {
        ExchangeMarket(
            id: base + "USDT", symbol: Symbol(base: AssetID(base), quote: AssetID("USDT")), baseID: base,
            quoteID: "USDT", rounding: OrderRounding(amount: .step(step), price: .tick(tick)))
    }

    static let now: Int64 = 1_700_000_000_000
    static let context = SigningContext(
        credentials: ExchangeCredentials(apiKey: "key", secret: Secret("secretsecret")), now: now)

    static func answer(_ body: String, status: Int = 200, headers: [SignedRequest.Header] = []) -> EndpointAnswer {
        EndpointAnswer(status: status, headers: headers, body: Array(body.utf8))
    }

    /// The parameters of a request as `name=value`, in order.
    static func fields<Answer>(_ call: EndpointCall<Answer>) -> [String] {
        call.request.fields.map { $0.key + "=" + ($0.value.text ?? $0.value.compactText) }
    }
}

extension StreamSession {
    /// What a frame makes of it.
    mutating func receive(_ text: String) -> [StreamEffect] {
        var effects: [StreamEffect] = []
        Array(text.utf8).withUnsafeBytes { received($0, isBinary: false, now: BinanceBench.now, into: &effects) }
        return effects
    }
}

extension [StreamEffect] {
    var events: [StreamEvent] { compactMap { if case .event(let event) = $0 { event } else { nil } } }
    var sent: [String] { compactMap { if case .send(let text) = $0 { text } else { nil } } }
    var fetchedSymbols: [Symbol] { compactMap { if case .fetchBook(let symbol, _) = $0 { symbol } else { nil } } }
    var reconnects: [ExchangeFailure] { compactMap { if case .reconnect(let failure) = $0 { failure } else { nil } } }
}
