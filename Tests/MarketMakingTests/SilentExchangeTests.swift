import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// What `/health` is told when nothing trades though nothing of ours has failed.
@Suite struct SilentExchangeTests {
    private static let short = ",\"maximumDataAge\":3000"

    @Test func `a market that falls silent is a fault, and the exchange dead, until it tells again`() async throws {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body(more: Self.short))
            try await bench.server.wait("the silence is noticed") { [server = bench.server] in
                let health = await server.supervisor.health()
                return health.exchanges.allSatisfy { !$0.isAlive } && health.faults.contains { $0.contains("STALE") }
            }
            try await bench.server.wait("nothing rests on old data") { [exchange = bench.exchange] in
                exchange.open.isEmpty
            }
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("well again") { [server = bench.server, exchange = bench.exchange] in
                exchange.market(bid: 5_999_900, ask: 6_000_100)
                let health = await server.supervisor.health()
                return health.faults == [] && health.exchanges.allSatisfy(\.isAlive)
            }
        }
    }

    @Test func `a lost stream of the account is a fault once it lasts`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.tell(.lost)
            #expect(await bench.server.supervisor.health().faults == [], "it may be back at once")
            try await bench.server.wait("the loss is told") { [server = bench.server] in
                await server.supervisor.health().faults.contains { $0.contains("the account's stream is lost") }
            }
            bench.exchange.tell(.recovered)
            try await bench.server.wait("well again") { [server = bench.server] in
                await server.supervisor.health().faults == []
            }
        }
    }

    @Test func `an exchange that knows itself unable to trade says so`() async throws {
        try await withServer { bench in
            #expect(await bench.server.supervisor.health().faults == [])
            bench.exchange.state.withLock { $0.ownFault = "maintenance" }
            let health = await bench.server.supervisor.health()
            #expect(health.faults == ["paper: maintenance"])
            #expect(health.exchanges.map(\.fault) == ["maintenance"])
        }
    }

    @Test func `an exchange that serves nobody halts no session for good`() async throws {
        try await withServer { bench in
            bench.exchange.state.withLock { $0.faults = Array(repeating: .refused(.unavailable), count: 6) }
            try await bench.quote(TestInstrument.body(more: ",\"maximumConsecutiveRejects\":2"))
            let inspection = try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking")
            #expect(inspection.state == .active)
        }
    }

    @Test(arguments: ["paper/nobody", "nowhere/default", "paper", "paper/", "/default", "paper/default/x"])
    func `an account that does not exist cannot be halted`(_ name: String) async throws {
        try await withServer { bench in
            let supervisor = bench.server.supervisor
            await #expect(throws: DeskError.unknownAccount(name)) {
                try await supervisor.setTradingState(
                    TradingStateChange(scope: .account(name), state: .halted, reason: "typo"))
            }
        }
    }
}
