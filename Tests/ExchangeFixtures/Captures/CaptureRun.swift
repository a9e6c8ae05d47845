import Exchanges
import TradingCore

extension FixtureRunner {
    /// Raw captures through every parser: no error, no frame that is not understood, checksums included.
    /// - Parameters:
    ///   - folder: with files `NAME.rest.gz`, `NAME.http.gz`, `NAME.ws.gz`.
    ///   - only: one exchange's; nil: all that are there.
    public static func captures(_ folder: String, only: ExchangeUnderTest? = nil) throws -> FixtureTally {
        let files = try FixtureFile.names(in: folder).filter { $0.hasSuffix(".gz") }
        var tally = FixtureTally()
        for name in Set(files.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted() {
            if let only, only.captureName != name { continue }
            guard let exchange = ExchangeDialects.all.first(where: { $0.captureName == name }) else {
                tally.add(name, .failed(["no connector for captures called \(name)"]))
                continue
            }
            var run = CaptureRun(exchange, try Capture(name, in: folder, files))
            run.run()
            tally.add(run.tally)
        }
        return tally
    }
}

/// One exchange's captures through its connector.
struct CaptureRun {
    let exchange: ExchangeUnderTest
    let capture: Capture
    var dialect: any ExchangeDialect
    var tally = FixtureTally()
    private var session: (any StreamSession)?
    private var awaited: [(symbol: Symbol, call: EndpointCall<ExchangeBook>)] = []
    private var unread: [CapturedAnswer]
    /// Markets whose book is being waited for: their changes are held back without a word.
    private var waiting: Set<Symbol> = []
    private var wholeBooks = 0

    init(_ exchange: ExchangeUnderTest, _ capture: Capture) {
        self.exchange = exchange
        self.capture = capture
        dialect = exchange.make(.empty, [])
        unread = capture.books
    }

    mutating func run() {
        readMarkets()
        readBooks()
        var number = 0
        for line in capture.stream {
            switch line {
            case .opened(let url): open(url)
            case .received(let time, let text):
                number += 1
                receive(text, time, "\(exchange.id).capture.frame.\(number)")
            case .sent, .answer, .configuration: break
            }
        }
        if !capture.books.isEmpty, session != nil {
            tally.add(
                "\(exchange.id).capture.synced",
                wholeBooks > 0 ? .passed : .failed(["books were fetched, and none got in step with its changes"]))
        }
    }

    // MARK: - Markets and books

    private mutating func readMarkets() {
        let id = "\(exchange.id).capture.markets"
        do {
            let call = try dialect.markets()
            guard let body = try marketsBody(call.request) else {
                tally.add(id, .failed(["no answer of \(call.request.endpoint) in the capture"]))
                return
            }
            let markets = try Self.read(call, .good(body), dialect)
            dialect.catalog = MarketCatalog(markets: markets, currencies: dialect.catalog.currencies)
            tally.add(id, markets.isEmpty ? .failed(["no markets"]) : .passed)
        } catch {
            tally.add(id, .failed(["\(error)"]))
        }
    }

    private func marketsBody(_ request: EndpointRequest) throws -> String? {
        if let find = exchange.capturedMarkets { return find(capture.instruments)?.compactText }
        let url = try dialect.sign(request, context(0)).url
        return capture.instruments.first { RequestJudge.path($0.url) == RequestJudge.path(url) }?.body
    }

    private mutating func readBooks() {
        for (index, answer) in capture.books.enumerated() {
            let id = "\(exchange.id).capture.book.\(index + 1)"
            do {
                guard let market = market(of: answer) else {
                    tally.add(id, .failed(["no market for \(answer.url)"]))
                    continue
                }
                let book = try PreparedBook.read(
                    try dialect.book(market.symbol, limit: nil, []), .good(answer.body), dialect)
                tally.add(id, book.bids.isEmpty && book.asks.isEmpty ? .failed(["an empty book"]) : .passed)
            } catch {
                tally.add(id, .failed(["\(error)"]))
            }
        }
    }

    /// The market whose name is a value of the URL's query.
    private func market(of answer: CapturedAnswer) -> ExchangeMarket? {
        (RequestJudge.parameters(RequestJudge.query(answer.url)).members ?? []).lazy
            .compactMap { $0.value.text.flatMap { dialect.catalog.market(id: $0) } }.first
    }

    private static func read<Answer: Sendable>(
        _ call: EndpointCall<Answer>, _ answer: EndpointAnswer, _ dialect: some ExchangeDialect
    ) throws(ExchangeFailure) -> Answer { try call.answer(in: answer, dialect) }

    private func context(_ now: Int64) -> SigningContext {
        SigningContext(credentials: ExchangeFixtures.credentials, now: now)
    }

    // MARK: - Stream

    private mutating func open(_ url: String) {
        do {
            var effects: [StreamEffect] = []
            var new = try dialect.publicStream(channels)
            new.opened(context(0), into: &effects)
            session = new
            awaited = []
            waiting = []
            note(effects)
        } catch {
            session = nil
            tally.add("\(exchange.id).capture.connection", .failed(["\(url): \(error)"]))
        }
    }

    /// What the capture's configuration names, as far as it is spot.
    private var channels: [StreamChannel] {
        func symbols(_ name: String) -> [Symbol] {
            (capture.configuration?[name]?.elements ?? []).compactMap { $0.text.flatMap(symbol) }
        }
        return symbols("l2_book").map { .book($0) } + symbols("trades").map { .trades($0) }
            + symbols("ticker").flatMap { [.ticker($0), .bestPrices($0)] }
            + symbols("candles").map { .candles($0, .oneMinute) }
    }

    /// `BTC-USDT`, in common names or the exchange's own.
    private func symbol(_ name: String) -> Symbol? {
        let parts = name.split(separator: "-").map(String.init)
        guard parts.count == 2 else { return nil }
        let plain = Symbol(base: AssetID(parts[0]), quote: AssetID(parts[1]))
        if dialect.catalog.market(plain) != nil { return plain }
        return dialect.catalog.markets.first { $0.baseID == parts[0] && $0.quoteID == parts[1] }?.symbol
    }

    private mutating func receive(_ text: String, _ time: Double, _ id: String) {
        guard session != nil else { return }
        let now = Int64(time * 1_000)
        var effects: [StreamEffect] = []
        Array(text.utf8).withUnsafeBytes { session?.received($0, isBinary: false, now: now, into: &effects) }
        note(effects)
        deliver(until: time, &effects)
        var complaints = effects.compactMap(Self.complaint)
        if effects.isEmpty, waiting.isEmpty, !isOldChange(text) { complaints.append("nothing came of it") }
        tally.add(id, complaints.isEmpty ? .passed : .failed(complaints + [String(text.prefix(300))]))
    }

    /// Changes that a fetched book already contains are dropped without a word.
    private func isOldChange(_ text: String) -> Bool {
        ["depthUpdate", "l2update", "order_book_update"].contains { text.contains($0) }
    }

    private static func complaint(_ effect: StreamEffect) -> String? {
        switch effect {
        case .reconnect(let failure): "wants to reconnect: \(failure)"
        case .event(.bookLost(let symbol, let failure)): "lost the book of \(symbol): \(failure)"
        case .event(.refused(let what, let failure)): "refused \(what): \(failure)"
        case .event(.unexplained(let text)): "not understood: \(text)"
        case .event, .send, .fetchBook: nil
        }
    }

    private mutating func note(_ effects: [StreamEffect]) {
        for effect in effects {
            switch effect {
            case .fetchBook(let symbol, let call):
                awaited.removeAll { $0.symbol == symbol }
                awaited.append((symbol, call))
                waiting.insert(symbol)
            case .event(.book(let book)):
                waiting.remove(book.symbol)
                wholeBooks += 1
            default: break
            }
        }
    }

    /// Hands over the books that had come by a time.
    private mutating func deliver(until time: Double, _ effects: inout [StreamEffect]) {
        for (symbol, call) in awaited {
            guard
                let index = unread.firstIndex(where: { answer in
                    answer.time <= time && market(of: answer)?.symbol == symbol
                })
            else { continue }
            let answer = unread.remove(at: index)
            awaited.removeAll { $0.symbol == symbol }
            let book = Result { () throws(ExchangeFailure) in
                try PreparedBook.read(call, .good(answer.body), dialect)
            }
            var new: [StreamEffect] = []
            session?.fetched(book, symbol, now: Int64(time * 1_000), into: &new)
            note(new)
            effects += new
        }
    }
}
