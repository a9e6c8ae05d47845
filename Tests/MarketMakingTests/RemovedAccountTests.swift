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

    @Test func `with a strategy at work it is told at once, in words, and the server is not ready`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.setRemoved(true)
            let health = await bench.server.supervisor.health()
            #expect(
                health.faults.contains {
                    $0.hasPrefix("paper/default/BTC/USDT: account paper/default has no key any more")
                })
            #expect(health.exchanges.first { $0.name == "paper" }?.isAlive == false)
            bench.exchange.setRemoved(false)
            #expect(await bench.server.supervisor.health().faults == [])
        }
    }

    @Test func `errors are told in words`() {
        #expect(
            "\(ConnectorError.unknownAccount("default"))"
                == "there is no account default on it: its key was never given, or was removed")
        #expect("\(DeskError.unknownExchange("okx"))" == "there is no exchange okx: it has no account with a key")
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
                await server.supervisor.health().faults.contains {
                    $0.hasPrefix("paper/default: there is no account default")
                }
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

    /// To a network where makers pay a thousandth.
    private func move(_ exchange: TestExchange, to network: String) throws {
        let fees = try FeeSchedule(maker: "0.001", taker: "0.001")
        exchange.state.withLock { state in
            state.otherNetwork = network
            state.instrument = state.instrument.with(fees: fees)
        }
        exchange.bell.ring()
    }

    @Test func `an account that comes back on another network trades there, by the rules of there`() async throws {
        try await withServer { bench in
            try await bench.quote()
            _ = try await bench.server.supervisor.stop(key)
            let before = try #require(await bench.server.supervisor.executors.values.first)
            try move(bench.exchange, to: "testnet")
            try await bench.server.wait("it is let go of") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.accountSinks.isEmpty && $0.marketSinks.isEmpty }
            }
            _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            let after = try #require(await bench.server.supervisor.executors.values.first)
            #expect(after !== before)
            #expect(await after.connector.network == "testnet")
            #expect(try await bench.server.supervisor.instrument(after.place).fees.maker == "0.001")
        }
    }

    @Test func `while something is open on the network of before, nobody trades on the other`() async throws {
        try await withServer { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let order = try await direct(bench)
            try move(bench.exchange, to: "testnet")
            #expect(await bench.server.supervisor.health().executors.count == 1)
            await #expect {
                _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            } throws: {
                "\($0)".contains("paper/default is on testnet now, and something of it is still open on production")
            }
            // It is still looked after where it is.
            _ = try await bench.server.supervisor.cancel(DirectOrderName(id: "\(order.id)"))
            try await bench.server.wait("the other is traded on") { [server = bench.server] in
                (try? await server.supervisor.startPureMarketMaking(TestInstrument.body("u2"))) != nil
            }
            let executors = await bench.server.supervisor.executors.values
            #expect(executors.count == 1)
            for executor in executors { #expect(await executor.connector.network == "testnet") }
        }
    }
}
