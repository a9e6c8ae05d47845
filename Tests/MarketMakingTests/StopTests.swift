import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct StopTests {
    private let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)

    @Test func `stop ends in verified zero open orders, then stopped (H27)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let instance = try await bench.server.supervisor.stop(key)
            #expect(instance.status == .stopped)
            #expect(bench.exchange.open.isEmpty)
            // Nothing is placed after that, whatever the market does.
            let placed = bench.exchange.state.withLock { $0.placed.count }
            bench.exchange.market(bid: 6_009_900, ask: 6_010_100)
            bench.exchange.market(bid: 6_019_900, ask: 6_020_100)
            #expect(try await bench.server.supervisor.stop(key).status == .stopped)
            #expect(bench.exchange.state.withLock { $0.placed.count } == placed)
        }
    }

    @Test func `a stop that is asked for several times at once ends once, and every caller is told (H27)`() async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, key) = (bench.server.supervisor, key)
            let ends = try await withThrowingTaskGroup(of: StrategyInstance.Status.self) { group in
                for _ in 0..<8 { group.addTask { try await supervisor.stop(key).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(ends == Array(repeating: .stopped, count: 8))
            #expect(bench.exchange.open.isEmpty)
        }
    }

    @Test func `a strategy whose stored parameters cannot be read any more can be stopped and started anew`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            _ = try await bench.server.database.write { transaction in
                try transaction.execute("UPDATE strategy_parameters SET parameters = '{\"renamed\":1}'")
            }
            try await bench.restart()
            try await bench.server.wait("its orders are off") { [exchange = bench.exchange] in exchange.open.isEmpty }
            try await bench.server.wait("stopped") { [server = bench.server] in
                try await server.supervisor.stop(key).status == .stopped
            }
            #expect(await bench.server.supervisor.health().faults == [])
            let again = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
            #expect(again.parametersVersion == 2)
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("four orders rest") { [exchange = bench.exchange] in exchange.open.count == 4 }
        }
    }

    @Test func `a stop whose cancels go unanswered asks until the exchange confirms (H27)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.state.withLock { $0.tellsCancels = false }
            let instance = try await bench.server.supervisor.stop(key)
            #expect(instance.status == .stopped)
            #expect(bench.exchange.open.isEmpty)
        }
    }

    @Test func `a stop that a kill interrupts goes on at the next start (H27, H28)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            // The command is stored; the process dies before any cancel leaves.
            _ = try await bench.server.database.write { transaction in
                try StrategyInstanceStore(transaction: transaction)
                    .setStatus(.stopping, of: 1, from: .running, now: Timestamp(nanoseconds: 1))
            }
            try await bench.restart()
            try await bench.server.wait("stopped") { [server = bench.server] in
                try await server.supervisor.strategies(.all).first?.status == .stopped
            }
            #expect(bench.exchange.open.isEmpty)
        }
    }

    @Test func `an unknown key is an error, not a success (D19)`() async throws {
        try await withServer { bench in
            let other = StrategyKey(userID: "nobody", clientID: "c1", type: .pureMarketMaking)
            await #expect(throws: DeskError.unknownStrategy("nobody-c1-pureMarketMaking")) {
                _ = try await bench.server.supervisor.stop(other)
            }
            await #expect(throws: DeskError.unknownStrategy("no-such-key")) {
                _ = try await bench.server.supervisor.rerun("no-such-key")
            }
        }
    }

    @Test func `starting a running key again starts nothing (D11)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let again = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
            #expect(again.parametersVersion == 1)
            await #expect(throws: DeskError.self, "with other parameters it is told so") {
                _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body(amount: "0.5"))
            }
            #expect(bench.exchange.open.count == 4)
            #expect(bench.exchange.open.allSatisfy { $0.request.quantity.lots == 1_000_000 })
        }
    }

    @Test func `a stopped key starts with its new parameters, and old orders keep theirs (D16, H40)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            _ = try await bench.server.supervisor.stop(key)
            let again = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body(amount: "0.5"))
            #expect(again.parametersVersion == 2)
            #expect(again.parameters.contains("\"orderAmount\":0.5"))
            try await bench.server.wait("four orders rest") { [exchange = bench.exchange] in exchange.open.count == 4 }
            #expect(bench.exchange.open.allSatisfy { $0.request.quantity.lots == 50_000_000 })
            let versions = try await bench.server.database.read { transaction in
                try transaction.rows("SELECT parameters_version AS v FROM orders ORDER BY client_order_id")
                    .map { try $0.get("v") as Int64 }
            }
            #expect(versions == [1, 1, 1, 1, 2, 2, 2, 2])
            // A rerun takes the newest parameters up.
            _ = try await bench.server.supervisor.stop(key)
            #expect(try await bench.server.supervisor.rerun(key.description).parametersVersion == 2)
        }
    }
}
