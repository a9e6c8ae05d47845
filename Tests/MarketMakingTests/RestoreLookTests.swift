import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// A database put back from a backup in which every strategy had ended, at an exchange where orders rest that came afterwards.
@Suite struct RestoreLookTests {
    private static let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)
    private static func forgotten() throws -> ClientOrderID { try #require(ClientOrderID(rawValue: 77 << 26 | 5)) }

    /// A strategy that was stopped, and an order of ours that its rows know nothing of.
    private static func finish(_ bench: Bench, isRestored: Bool = true) async throws {
        try await bench.quote()
        #expect(try await bench.server.supervisor.stop(key).status == .stopped)
        bench.exchange.rest(try forgotten())
        if isRestored { try await restore(bench) }
    }

    private static func restore(_ bench: Bench) async throws {
        _ = try await bench.server.database.real.write { transaction in
            try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES")
        }
    }

    private static func pending(_ server: TestServer) async throws -> Set<TradingPlace> {
        try await server.database.real.read { try RestoreLookStore(transaction: $0).pending() }
    }

    @Test func `what rests on the account of a strategy that has ended is taken off, and looked for once`() async throws
    {
        try await withServer { bench in
            try await Self.finish(bench)
            #expect(try await Self.pending(bench.server).count == 1)
            try await bench.restart()
            try await bench.server.wait("it is off the book") { [exchange = bench.exchange] in exchange.open.isEmpty }
            try await bench.server.wait("that is remembered") { [server = bench.server] in
                try await Self.pending(server).isEmpty
            }
            #expect(await bench.server.supervisor.health().faults == [])
            let looks = Mutex(0)
            bench.exchange.state.withLock { $0.onOpenOrders = { looks.withLock { $0 += 1 } } }
            try await bench.restart()
            #expect(looks.withLock { $0 } == 0)
            // Every restore forgets anew.
            try await Self.restore(bench)
            try await bench.restart()
            #expect(looks.withLock { $0 } > 0)
        }
    }

    @Test(arguments: [true, false])
    func `an account that nobody could ask since the restore is none that was cleared (H27)`(
        _ isRestored: Bool
    ) async throws {
        try await withServer { bench in
            try await Self.finish(bench, isRestored: isRestored)
            bench.exchange.state.withLock { $0.isReachable = false }
            try await bench.restart(waits: false)
            let supervisor = bench.server.supervisor
            try await bench.server.wait("recovery has looked") {
                isRestored
                    ? await supervisor.health().faults.contains { $0.hasPrefix("paper/default: ") }
                    : await supervisor.isReconciled
            }
            #expect(await supervisor.shutDown(limit: Nanoseconds.milliseconds(200)) == !isRestored)
        }
    }

    @Test func `a kill before it is off the book leaves it to the next start`() async throws {
        try await withServer { bench in
            try await Self.finish(bench)
            let exchange = bench.exchange
            exchange.state.withLock { $0.refusesCancels = true }
            try await bench.restart()
            try await bench.server.wait("it was found") { [server = bench.server] in
                await server.supervisor.health().faults.contains { $0.contains("no strategy looks after") }
            }
            #expect(try await Self.pending(bench.server).count == 1)
            exchange.state.withLock { $0.refusesCancels = false }
            try await bench.restart()
            try await bench.server.wait("it is off the book") { exchange.open.isEmpty }
            try await bench.server.wait("that is remembered") { [server = bench.server] in
                try await Self.pending(server).isEmpty
            }
        }
    }

    /// Of strategies younger than the backup the store does not even know the instrument.
    @Test func `where the exchange lists whole accounts, orders on instruments that nothing stored traded are found`()
        async throws
    {
        try await withServer { bench in
            try await Self.finish(bench)
            _ = try await bench.server.database.real.write { transaction in
                try transaction.execute("UPDATE strategy_instances SET symbol = 'ETH/USDT'")
                try transaction.execute("UPDATE orders SET symbol = 'ETH/USDT'")
            }
            bench.exchange.state.withLock { $0.listsWholeAccount = true }
            try await bench.restart()
            try await bench.server.wait("it is off the book") { [exchange = bench.exchange] in exchange.open.isEmpty }
        }
    }
}
