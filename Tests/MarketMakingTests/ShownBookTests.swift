import Exchanges
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// A book that many ask for is looked at once for each change of its market, and never shown past it.
@Suite struct ShownBookTests {
    private func bid(_ supervisor: StrategySupervisor, limit: Int = 5) async throws -> FixedDecimal? {
        try await supervisor.orderBook(exchange: "Paper", symbol: "BTC/USDT", limit: limit)
            .bids.first?.price
    }

    private func shown(_ supervisor: StrategySupervisor, limit: Int = 5) -> OrderBookView? {
        supervisor.runtime.shownBooks.view(
            ShownBooks.Market(
                exchange: ExchangeID(rawValue: "paper"), network: "production", symbol: TestInstrument.btc.id.symbol),
            limit: limit)
    }

    @Test func `whoever asks after a change is shown the change, at every depth`() async throws {
        try await withServer { bench in
            let supervisor = bench.server.supervisor
            try await bench.quote()
            for step in 0..<200 as Range<Int64> {
                let ticks = 5_999_900 - step
                bench.exchange.market(bid: ticks, ask: 6_000_100)
                let price = FixedDecimal(raw: FixedDecimal("0.01").raw * Int128(ticks))
                for limit in [1, 5] {
                    try await bench.server.wait("the change is shown") {
                        try await bid(supervisor, limit: limit) == price
                    }
                    #expect(shown(supervisor, limit: limit)?.bids.first?.price == price, "the next needs no look")
                    #expect(try await bid(supervisor, limit: limit) == price)
                }
            }
        }
    }

    @Test func `a market that is let go of is not shown any more`() async throws {
        try await withServer { bench in
            let supervisor = bench.server.supervisor
            try await bench.quote()
            _ = try await bench.server.supervisor.stop(
                StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking))
            _ = try await bid(supervisor)
            #expect(shown(supervisor) != nil)
            bench.exchange.setRemoved(true)
            try await bench.server.wait("it is let go of") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.marketSinks.isEmpty }
            }
            try await bench.server.wait("it is forgotten") { shown(supervisor) == nil }
            bench.exchange.setRemoved(false)
        }
    }

    @Test func `however many depths are asked for, few are kept`() {
        let (books, symbol) = (ShownBooks(), TestInstrument.btc.id.symbol)
        let market = ShownBooks.Market(exchange: ExchangeID(rawValue: "a"), network: "", symbol: symbol)
        let other = ShownBooks.Market(exchange: ExchangeID(rawValue: "a"), network: "testnet", symbol: symbol)
        func view(_ limit: Int) -> OrderBookView {
            OrderBookView(
                exchange: "a", symbol: "\(symbol)", bids: [], asks: [], time: .distantPast, version: UInt64(limit))
        }
        for limit in 1...5_000 { books.show(view(limit), market, limit: limit) }
        #expect((1...5_000).count { books.view(market, limit: $0) != nil } <= ShownBooks.depths)
        #expect(books.view(market, limit: 5_000)?.version == 5_000)
        #expect(books.view(other, limit: 5_000) == nil, "another network's market is another")
        books.forget(market)
        #expect(books.view(market, limit: 5_000) == nil)
    }
}
