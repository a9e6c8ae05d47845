import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// An executor's alarm rings when something is due, and is never due without end.
@Suite struct AlarmTests {
    private static func rings(_ server: TestServer) -> Int {
        server.registry.reports.first { $0.name.hasPrefix("executor paper/default/BTC/USDT") }.map { Int($0.runCount) }
            ?? 0
    }

    private static func isFull(_ server: TestServer) async -> Bool {
        await server.supervisor.health().faults.contains { $0.contains("disk is full") }
    }

    @Test func `while nothing can be stored, and after, the alarm rings no oftener than something is due`() async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (server, exchange) = (bench.server, bench.exchange)
            #expect(Self.rings(server) > 0, "the alarm is known by its name")
            let id = try #require(exchange.open.first).request.id
            server.database.setFailing(true)
            let began = ContinuousClock.now
            let before = Self.rings(server)
            // What the exchange tells lingers for company, is not taken, and waits for its next try.
            for _ in 0..<20 {
                exchange.tell(.event(.accepted(id)))
                try await server.wait("a little later") { [then = ContinuousClock.now] in
                    ContinuousClock.now - then > .milliseconds(25)
                }
            }
            #expect(await Self.isFull(server))
            let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
            // Each batch lingers 20 ms; a millisecond is the shortest wait of all.
            #expect(Double(Self.rings(server) - before) < elapsed / 4, "in \(elapsed) ms")
            server.database.setFailing(false)
            try await server.wait("it is stored") { await !Self.isFull(server) }
            try await server.wait("it quotes again") { exchange.open.count == 4 }
            let quiet = (rings: Self.rings(server), since: ContinuousClock.now)
            try await server.wait("half a second is over") {
                ContinuousClock.now - quiet.since > .milliseconds(500)
            }
            let passed = (ContinuousClock.now - quiet.since) / .milliseconds(1)
            #expect(Double(Self.rings(server) - quiet.rings) < passed / 8, "in \(passed) ms")
        }
    }
}
