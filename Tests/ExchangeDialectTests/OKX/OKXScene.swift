import TradingCore

@testable import Exchanges

/// Markets, keys and frames for the tests of OKX and Bybit.
enum OKXScene {
    static let btc = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    static let ltc = Symbol(base: AssetID("LTC"), quote: AssetID("USDT"))
    static let now: Int64 = 1_700_000_000_000

    static let context = SigningContext(
        credentials: ExchangeCredentials(
            apiKey: "key", secret: Secret("secretsecret"), passphrase: Secret("password")), now: now)

    static func market(_ symbol: Symbol, _ id: String) -> ExchangeMarket {
        ExchangeMarket(
            id: id, symbol: symbol, baseID: symbol.base.rawValue, quoteID: symbol.quote.rawValue, isActive: true,
            rounding: OrderRounding(amount: .step("0.00000001"), price: .tick("0.1")))
    }

    static let dialect = OKXDialect(
        catalog: MarketCatalog(markets: [market(btc, "BTC-USDT"), market(ltc, "LTC-USDT")], currencies: []))

    static func feed(
        _ session: inout any StreamSession, _ text: String, at time: Int64 = now
    ) -> [StreamEffect] {
        var effects: [StreamEffect] = []
        Array(text.utf8).withUnsafeBytes {
            session.received($0, isBinary: false, now: time, into: &effects)
        }
        return effects
    }

    static func opened(_ session: any StreamSession) -> (any StreamSession, [StreamEffect]) {
        var copy = session
        var effects: [StreamEffect] = []
        copy.opened(context, into: &effects)
        return (copy, effects)
    }

    static func events(_ effects: [StreamEffect]) -> [StreamEvent] {
        effects.compactMap { if case .event(let event) = $0 { event } else { nil } }
    }

    static func sent(_ effects: [StreamEffect]) -> [String] {
        effects.compactMap { if case .send(let text) = $0 { text } else { nil } }
    }

    static func reconnects(_ effects: [StreamEffect]) -> [ExchangeFailure] {
        effects.compactMap { if case .reconnect(let failure) = $0 { failure } else { nil } }
    }

    static func answer(_ body: String, status: Int = 200) -> EndpointAnswer {
        EndpointAnswer(status: status, body: Array(body.utf8))
    }

    /// What a call that must fail fails with.
    static func kind<Value>(_ body: () throws -> Value) -> ExchangeFailure.Kind? {
        do { _ = try body() } catch { return (error as? ExchangeFailure)?.kind }
        return nil
    }
}
