import Exchanges
import Execution
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// A database that is locked answers neither yes nor no for many seconds.
@Suite struct SlowStoreTests {
    @Test func `quotes are taken off while the store says nothing, and made anew when it answers`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (exchange, server) = (bench.exchange, bench.server)
            let answers = Signal()
            server.database.failNextWrite { await answers.wait() }
            exchange.fill(try #require(exchange.open.first).request.id)
            // Until the store has said anything: it does when they are off, not before. On a busy machine a silent market may take them first,
            // and the seconds that are told may be more than two by then.
            try await server.wait("they are off the book, and it is said why") {
                let faults = await server.supervisor.health().faults
                return exchange.open.isEmpty && faults.contains { $0.contains("nothing could be stored for") }
            }
            answers.raise()
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await server.wait("it quotes anew") { exchange.open.count == 4 }
            #expect(await server.supervisor.health().faults == [])
        }
    }
}
