import Exchanges
import Testing
import TradingCore

@testable import ExchangeFixtures

/// The venue's own recorded frames: our books against the best prices that the venue told at the same number.
@Suite(.enabled(if: FixtureFolder.root != nil, Comment(rawValue: FixtureFolder.absence)))
struct KuCoinCaptureTests {
    @Test func `the best prices of our books are those that KuCoin told`() throws {
        let capture = try Capture(
            "KUCOIN", in: FixtureFolder.captures, try FixtureFile.names(in: FixtureFolder.captures))
        var dialect = KuCoinDialect(bookSnapshot: .full)
        let list = try #require(ExchangeUnderTest.kucoin.capturedMarkets?(capture.instruments))
        dialect.catalog = MarketCatalog(
            markets: try Rigged.read(dialect.markets(), list.compactText, dialect), currencies: [])
        let books = try self.books(capture, dialect)
        #expect(books.count > 5)
        var session = RiggedSession(try dialect.publicStream(books.keys.map { .book($0) }))
        var kept: [Symbol: (book: DepthBook, number: Int64)] = [:]
        var compared = 0
        for case .received(_, let text) in capture.stream {
            var effects = session.receive(text)
            for symbol in effects.fetched {
                guard let book = books[symbol] else { continue }
                effects.all += session.fetch(.success(book), symbol).all
            }
            for book in effects.books { kept[book.symbol] = (DepthBook(book), book.sequence ?? 0) }
            for change in effects.changes {
                kept[change.symbol]?.book.apply(change)
                kept[change.symbol]?.number = change.sequence ?? 0
            }
            #expect(effects.lostBooks.isEmpty)
            compared += try compare(text, effects, kept)
        }
        #expect(compared > 100)
    }

    @Test(arguments: ["gate", "kucoin"])
    func `every recorded frame is understood`(id: String) throws {
        let exchange = try #require(ExchangeDialects.named(id))
        let names = try FixtureFile.names(in: FixtureFolder.captures)
        var run = CaptureRun(exchange, try Capture(exchange.captureName ?? "", in: FixtureFolder.captures, names))
        run.run()
        #expect(run.tally.passed > 100)
        #expect(run.tally.failures.isEmpty, Comment(rawValue: run.tally.report))
    }

    private func books(_ capture: Capture, _ dialect: KuCoinDialect) throws -> [Symbol: ExchangeBook] {
        var books: [Symbol: ExchangeBook] = [:]
        for answer in capture.books {
            let name = answer.url.split(separator: "=").last.map { String($0) } ?? ""
            guard let market = dialect.catalog.market(id: name) else { continue }
            let call = try dialect.book(market.symbol, limit: nil, [])
            books[market.symbol] = try Rigged.read(call, answer.body, dialect)
        }
        return books
    }

    /// - Returns: how many tickers spoke of the very state that we have.
    private func compare(
        _ text: String, _ effects: RiggedEffects, _ kept: [Symbol: (book: DepthBook, number: Int64)]
    ) throws -> Int {
        guard case .ticker(let ticker) = effects.events.first, let symbol = ticker.symbol, let ours = kept[symbol],
            try JSONValue(text)["data"]?.integer("sequence") == ours.number
        else { return 0 }
        #expect(ours.book.bids.first == Rigged.level(ticker.bid ?? .zero, ticker.bidAmount ?? .zero))
        #expect(ours.book.asks.first == Rigged.level(ticker.ask ?? .zero, ticker.askAmount ?? .zero))
        return 1
    }
}
