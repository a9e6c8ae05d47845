import Exchanges
import TradingCore

extension ExchangeFixtures {
    /// Messages in order; what a watcher would be handed after each step.
    func runStreams(_ file: JSONValue) -> FixtureTally {
        var tally = FixtureTally()
        for item in file["cases"]?.elements ?? [] {
            tally.add(
                item.text("id") ?? "\(exchange.id).ws",
                outcome(isExtra: item.text("tier") == "extra") {
                    var run = try StreamCase(self, item)
                    return try run.differences()
                })
        }
        return tally
    }
}

/// One case: a session, what it told so far, and the steps.
struct StreamCase {
    let fixtures: ExchangeFixtures
    let item: JSONValue
    let symbol: Symbol
    let dialect: any ExchangeDialect
    var session: any StreamSession
    /// The book as a consumer keeps it; nil while lost.
    var book: DepthBook?
    var balances: [AssetID: ExchangeBalance] = [:]
    var fills: [ExchangeTrade] = []
    var hasFetchedBook = false
    var hasLostBook = false
    /// An error was expected: after it the recorded clients went on with a book they should have dropped.
    var hasExpectedLoss = false
    /// The call that the session wants its book from.
    var awaited: EndpointCall<ExchangeBook>?

    init(_ fixtures: ExchangeFixtures, _ item: JSONValue) throws {
        guard let symbol = Symbol(try item.requiredText("symbol")) else {
            throw FixtureFileError(description: "no symbol")
        }
        self.fixtures = fixtures
        self.item = item
        self.symbol = symbol
        dialect = fixtures.dialect(item["options"]?.members ?? [])
        if item.text("connection") == "private" {
            session = try dialect.privateStream(token: StreamToken(token: Secret("token")))
        } else {
            session = try dialect.publicStream(Self.channels(item, symbol))
        }
        var effects: [StreamEffect] = []
        session.opened(fixtures.context(), into: &effects)
        awaited = Self.fetches(effects).last
    }

    private static func channels(_ item: JSONValue, _ symbol: Symbol) -> [StreamChannel] {
        var channels: [StreamChannel] = []
        func add(_ channel: StreamChannel) { if !channels.contains(channel) { channels.append(channel) } }
        for step in item["steps"]?.elements ?? [] {
            for resolve in step["resolves"]?.elements ?? [] {
                guard let hash = resolve.text("hash").flatMap({ StreamHash($0) }) else { continue }
                switch hash.kind {
                case .book: add(.book(symbol))
                case .trades: add(.trades(symbol))
                case .bestPrices: add(.bestPrices(symbol))
                case .ticker: add(.ticker(symbol))
                case .candles: add(.candles(symbol, hash.interval ?? .oneMinute))
                case .orders, .fills, .balances, .foreign: break
                }
            }
        }
        return channels
    }

    static func fetches(_ effects: [StreamEffect]) -> [EndpointCall<ExchangeBook>] {
        effects.compactMap { if case .fetchBook(_, let call) = $0 { call } else { nil } }
    }

    // MARK: - Steps

    mutating func differences() throws -> [String] {
        var differences: [String] = []
        for (index, step) in (item["steps"]?.elements ?? []).enumerated() {
            let place = "step \(index)"
            let before = book
            let events = try perform(step, place, &differences)
            differences += judge(step["resolves"]?.elements ?? [], events, bookBefore: before, place)
        }
        return differences
    }

    private mutating func perform(
        _ step: JSONValue, _ place: String, _ differences: inout [String]
    ) throws -> [StreamEvent] {
        var effects: [StreamEffect] = []
        if step.bool("rest") == true {
            try deliverBook(into: &effects)
        } else {
            let (bytes, isBinary) = try Self.frame(step)
            bytes.withUnsafeBytes {
                session.received($0, isBinary: isBinary, now: ExchangeFixtures.now, into: &effects)
            }
            // Some of the recorded clients fetch before the step that says so: the book is there when it is expected.
            awaited = Self.fetches(effects).last ?? awaited
            if awaited != nil, expectsBook(step) { try deliverBook(into: &effects) }
        }
        awaited = Self.fetches(effects).last ?? awaited
        if hasFetchedBook, !hasLostBook { awaited = nil }
        return effects.compactMap { effect in
            switch effect {
            case .event(let event):
                keep(event)
                return event
            case .reconnect(let failure):
                differences.append("\(place): the session wants to reconnect: \(failure)")
                return nil
            case .send, .fetchBook: return nil
            }
        }
    }

    private func expectsBook(_ step: JSONValue) -> Bool {
        (step["resolves"]?.elements ?? []).contains { resolve in
            resolve["result"] != nil && resolve.text("hash").flatMap { StreamHash($0) }?.kind == .book
        }
    }

    private mutating func deliverBook(into effects: inout [StreamEffect]) throws {
        guard !hasFetchedBook, let snapshot = item["restSnapshot"], !snapshot.isNull else { return }
        hasFetchedBook = true
        let call = try awaited ?? dialect.book(symbol, limit: nil, [])
        let book = try PreparedBook.read(call, .good(snapshot), dialect)
        session.fetched(.success(book), symbol, now: ExchangeFixtures.now, into: &effects)
    }

    static func frame(_ step: JSONValue) throws -> (bytes: [UInt8], isBinary: Bool) {
        if let hex = step.text("binaryHex") {
            let digits = Array(hex.utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
            }
            return (bytes, true)
        }
        if case .string(let raw) = step["message"] { return (Array(raw.utf8), false) }
        return (Array((step["message"] ?? .null).compactText.utf8), false)
    }

    private mutating func keep(_ event: StreamEvent) {
        switch event {
        case .book(let whole):
            book = DepthBook(whole)
            hasLostBook = false
        case .bookChange(let change): book?.apply(change)
        case .bookLost:
            book = nil
            hasLostBook = true
        case .fill(let trade): fills.append(trade)
        case .balances(let changed, let isWhole):
            if isWhole { balances = [:] }
            for balance in changed.balances { balances[balance.asset] = balance }
        default: break
        }
    }
}

enum PreparedBook {
    static func read(
        _ call: EndpointCall<ExchangeBook>, _ answer: EndpointAnswer, _ dialect: some ExchangeDialect
    ) throws(ExchangeFailure) -> ExchangeBook { try call.answer(in: answer, dialect) }
}
