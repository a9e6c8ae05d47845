import Exchanges
import TradingCore

/// A session driven by hand, one step at a time.
struct RiggedSession {
    var session: any StreamSession
    var now: Int64 = 1_700_000_000_000

    static let credentials = ExchangeCredentials(
        apiKey: "key", secret: Secret("secretsecret"), passphrase: Secret("password"))

    init(_ session: any StreamSession) { self.session = session }

    mutating func open(_ credentials: ExchangeCredentials? = credentials) -> RiggedEffects {
        var effects: [StreamEffect] = []
        session.opened(SigningContext(credentials: credentials, now: now), into: &effects)
        return RiggedEffects(all: effects)
    }

    mutating func receive(_ frame: String) -> RiggedEffects { receive(Array(frame.utf8)) }

    mutating func receive(_ frame: [UInt8]) -> RiggedEffects {
        var effects: [StreamEffect] = []
        frame.withUnsafeBytes { session.received($0, isBinary: false, now: now, into: &effects) }
        return RiggedEffects(all: effects)
    }

    mutating func fetch(_ answer: Result<ExchangeBook, ExchangeFailure>, _ symbol: Symbol) -> RiggedEffects {
        var effects: [StreamEffect] = []
        session.fetched(answer, symbol, now: now, into: &effects)
        return RiggedEffects(all: effects)
    }

    /// Lets so many milliseconds go by.
    mutating func wake(after milliseconds: Int64) -> RiggedEffects {
        now += milliseconds
        var effects: [StreamEffect] = []
        session.wake(now, into: &effects)
        return RiggedEffects(all: effects)
    }
}

/// What a step brought.
struct RiggedEffects {
    var all: [StreamEffect]

    var events: [StreamEvent] { all.compactMap { if case .event(let event) = $0 { event } else { nil } } }
    var sent: [String] { all.compactMap { if case .send(let text) = $0 { text } else { nil } } }
    var fetched: [Symbol] { all.compactMap { if case .fetchBook(let symbol, _) = $0 { symbol } else { nil } } }
    var wantsReconnect: Bool { all.contains { if case .reconnect = $0 { true } else { false } } }
    var books: [ExchangeBook] { events.compactMap { if case .book(let book) = $0 { book } else { nil } } }
    var changes: [BookChange] { events.compactMap { if case .bookChange(let change) = $0 { change } else { nil } } }
    var lostBooks: [Symbol] { events.compactMap { if case .bookLost(let symbol, _) = $0 { symbol } else { nil } } }
    var refused: [ExchangeFailure.Kind] {
        events.compactMap { if case .refused(_, let failure) = $0 { failure.kind } else { nil } }
    }
    var confirmed: [String] { events.compactMap { if case .confirmed(let title) = $0 { title } else { nil } } }
}

/// Answers and requests as texts.
enum Rigged {
    static func read<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ body: String, status: Int = 200, _ dialect: some ExchangeDialect
    ) throws(ExchangeFailure) -> Answer {
        try call.answer(in: EndpointAnswer(status: status, body: Array(body.utf8)), dialect)
    }

    static func text(_ request: EndpointRequest) -> String {
        switch request.payload {
        case .fields(let fields): JSONValue.object(fields).compactText
        case .list(let list): JSONValue.array(list).compactText
        }
    }

    static let bitcoin = Symbol(base: AssetID("BTC"), quote: AssetID("USDT"))
    static let ether = Symbol(base: AssetID("ETH"), quote: AssetID("USDT"))

    static func catalog(separator: String) -> MarketCatalog {
        MarketCatalog(
            markets: [bitcoin, ether].map { symbol in
                ExchangeMarket(
                    id: "\(symbol.base)\(separator)\(symbol.quote)", symbol: symbol, baseID: symbol.base.rawValue,
                    quoteID: symbol.quote.rawValue, isActive: true,
                    rounding: OrderRounding(amount: .step("0.0001"), price: .tick("0.1"), cost: "0.01"))
            }, currencies: [])
    }

    static func level(_ price: FixedDecimal, _ amount: FixedDecimal) -> PriceLevel {
        PriceLevel(price: price, amount: amount)
    }
}
