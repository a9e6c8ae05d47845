import Exchanges
import Testing
import TradingCore

@testable import Networking

@Suite struct MannersBookTests {
    @Test func `one limiter for an exchange, whoever asks, and another for its test network`() {
        let book = MannersBook()
        let (first, again) = (book.manners(of: BinanceDialect()), book.manners(of: BinanceDialect()))
        #expect(first === again)
        var elsewhere = BinanceDialect()
        elsewhere.hosts = BinanceDialect.hosts(of: .testnet)
        #expect(book.manners(of: elsewhere) !== first)
        #expect(book.manners(of: OKXDialect()) !== first)
        // What one has taken the other has no more.
        let cost = [RateCost("orders per 10 s", 100)]
        guard case .go = first.ask(cost, .ordinary, key: "default", now: 1_000) else {
            Issue.record("the first is let through")
            return
        }
        if case .go = again.ask(cost, .ordinary, key: "default", now: 1_001) { Issue.record("it was taken twice") }
    }
}
