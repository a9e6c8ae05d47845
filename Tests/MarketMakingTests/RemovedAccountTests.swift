import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// An account whose key was removed while the server runs, or before it started.
@Suite struct RemovedAccountTests {
    private let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)

    private func direct(_ bench: Bench) async throws -> DirectOrderView {
        try await bench.server.supervisor.place(
            DirectOrderRequest(
                userID: "u1", clientID: "c1", exchange: "paper", symbol: "BTC/USDT", side: .buy, amount: "0.01",
                price: "59000"))
    }

    @Test func `with nothing open it is let go of, and the server is well`() async throws {
        try await withServer { bench in
            try await bench.quote()
            _ = try await bench.server.supervisor.stop(key)
            #expect(await bench.server.supervisor.health().executors.count == 1)
            bench.exchange.setRemoved(true)
            // Nobody asks the server anything.
            try await bench.server.wait("it is let go of") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.accountSinks.isEmpty && $0.marketSinks.isEmpty }
            }
            let health = await bench.server.supervisor.health()
            #expect(health.executors.isEmpty && health.faults == [])
            // Its key comes back: it trades again.
            bench.exchange.setRemoved(false)
            try await bench.quote(TestInstrument.body("u2"))
            #expect(await bench.server.supervisor.health().faults == [])
        }
    }

    @Test func `with something open it is kept, and told`() async throws {
        try await withServer { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let order = try await direct(bench)
            bench.exchange.setRemoved(true)
            #expect(await bench.server.supervisor.health().executors.count == 1)
            #expect(
                await bench.server.supervisor.users(of: "paper/default") == ["paper/default/BTC/USDT has 1 live orders"]
            )
            #expect(try await bench.server.supervisor.order(DirectOrderName(id: "\(order.id)")).status == .open)
            // A strategy that runs is no reason to let go either.
            bench.exchange.setRemoved(false)
            _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("it quotes") { [exchange = bench.exchange] in exchange.open.count == 5 }
            _ = try await bench.server.supervisor.cancel(DirectOrderName(id: "\(order.id)"))
            bench.exchange.setRemoved(true)
            #expect(await bench.server.supervisor.health().executors.count == 1)
            bench.exchange.setRemoved(false)
        }
    }

    @Test func `what was open when its account went is let go of as soon as it has ended, whoever asks or does not`()
        async throws
    {
        try await withServer { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let order = try await direct(bench)
            bench.exchange.setRemoved(true)
            // The exchange has taken it off.
            bench.exchange.state.withLock { $0.orders[order.id]?.status = .cancelled }
            bench.exchange.tell(.event(.cancelled(order.id)))
            try await bench.server.wait("it is let go of") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.accountSinks.isEmpty && $0.marketSinks.isEmpty }
            }
            #expect(await bench.server.supervisor.health().executors.isEmpty)
        }
    }

    @Test func `removed before a start, with nothing open, it keeps nothing from being well`() async throws {
        try await withServer { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let order = try await direct(bench)
            _ = try await bench.server.supervisor.cancel(DirectOrderName(id: "\(order.id)"))
            bench.exchange.setRemoved(true)
            try await bench.restart()
            let health = await bench.server.supervisor.health()
            #expect(health.faults == [] && health.isReconciled && health.executors.isEmpty)
        }
    }

    @Test func `removed before a start, with an order open, it is told until it comes back`() async throws {
        try await withServer { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let order = try await direct(bench)
            bench.exchange.setRemoved(true)
            try await bench.restart(waits: false)
            try await bench.server.wait("it is told") { [server = bench.server] in
                await server.supervisor.health().faults.contains { $0.hasPrefix("paper/default: ") }
            }
            bench.exchange.setRemoved(false)
            try await bench.server.wait("well again") { [server = bench.server] in
                let health = await server.supervisor.health()
                return health.isReconciled && health.faults == []
            }
            #expect(try await bench.server.supervisor.order(DirectOrderName(id: "\(order.id)")).status == .open)
            #expect(bench.exchange.open.map(\.request.id) == [order.id])
        }
    }
}
