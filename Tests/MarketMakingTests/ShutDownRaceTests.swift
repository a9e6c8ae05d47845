import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// What is commanded while the server stops.
@Suite struct ShutDownRaceTests {
    private static let key = "u1-c1-pureMarketMaking"

    @Test func `what is started or set free while the server stops quotes nothing (H27)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, exchange) = (bench.server.supervisor, bench.exchange)
            let commands = Task {
                await withDiscardingTaskGroup { group in
                    for user in 2..<12 {
                        group.addTask {
                            _ = try? await supervisor.startPureMarketMaking(TestInstrument.body("u\(user)"))
                            exchange.market(bid: 5_999_900 + Int64(user) * 50, ask: 6_000_100 + Int64(user) * 50)
                        }
                        group.addTask {
                            try? await supervisor.setTradingState(
                                TradingStateChange(scope: .session(Self.key), state: .active, reason: "on"))
                        }
                    }
                }
            }
            let isClean = await supervisor.shutDown(limit: Nanoseconds.seconds(10))
            await commands.value
            exchange.market(bid: 6_099_900, ask: 6_100_100)
            #expect(isClean)
            #expect(exchange.open.isEmpty, "\(exchange.open.map(\.request.id))")
            await #expect(throws: DeskError.notReady("the server is shutting down")) {
                try await supervisor.setTradingState(
                    TradingStateChange(scope: .server, state: .active, reason: "on"))
            }
        }
    }

    /// Recovery brings the session, and what an operator has set for it, when the stop is under way already.
    @Test func `a stop during recovery takes off what an earlier process left (H27, H28)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            try await bench.server.supervisor.setTradingState(
                TradingStateChange(scope: .session(Self.key), state: .active, reason: "on"))
            let (asked, goesOn) = (Signal(), Signal())
            exchange.state.withLock { state in
                state.onOpenOrders = {
                    exchange.state.withLock { $0.onOpenOrders = nil }
                    asked.raise()
                    await goesOn.wait()
                }
            }
            try await bench.restart(waits: false)
            await asked.wait()
            let supervisor = bench.server.supervisor
            let stop = Task { await supervisor.shutDown(limit: Nanoseconds.seconds(10)) }
            try await bench.server.wait("the stop has begun") { await supervisor.isClosing }
            goesOn.raise()
            #expect(await stop.value)
            exchange.market(bid: 6_099_900, ask: 6_100_100)
            #expect(exchange.open.isEmpty, "\(exchange.open.map(\.request.id))")
        }
    }

    /// Its first attempts failed, so the stop does not wait for it; the one that succeeds comes while the stop takes leave.
    @Test func `recovery that ends after the stop's last look puts nobody to work (H27, H28)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (exchange, asked, goesOn) = (bench.exchange, Signal(), Signal())
            exchange.state.withLock { $0.isReachable = false }
            try await bench.restart(waits: false)
            let (server, supervisor) = (bench.server, bench.server.supervisor)
            try await server.wait("it has failed") {
                await supervisor.health().faults.contains { $0.hasPrefix("paper/default: ") }
            }
            exchange.state.withLock { state in
                state.isReachable = true
                state.onOpenOrders = {
                    exchange.state.withLock { $0.onOpenOrders = nil }
                    asked.raise()
                    await goesOn.wait()
                }
            }
            await asked.wait()
            // What the stop reads after its last look.
            server.database.holdNextRead {
                goesOn.raise()
                try? await server.wait("recovery has ended") {
                    let health = await supervisor.health()
                    return !health.executors.isEmpty
                        || health.faults.contains { $0.hasPrefix("paper/default: ") && $0.contains("shutting down") }
                }
            }
            #expect(await !supervisor.shutDown(limit: Nanoseconds.seconds(10)))
            #expect(await supervisor.health().executors.isEmpty)
            let placed = exchange.state.withLock { $0.placed.count }
            exchange.market(bid: 6_099_900, ask: 6_100_100)
            #expect(exchange.state.withLock { $0.placed.count } == placed)
        }
    }

    /// Real time that counts how often somebody paused for as long as the end does between two looks.
    private final class PausedTime: TimeSource {
        private let count = Mutex(0)
        var pauses: Int { count.withLock { $0 } }

        func now() -> Timestamp { SystemTime().now() }

        func sleep(until deadline: Timestamp) async throws {
            let length = deadline.nanoseconds(since: now())
            let end = 20 * Nanoseconds.perMillisecond
            if (end / 2...end).contains(length) { count.withLock { $0 += 1 } }
            try await SystemTime().sleep(until: deadline)
        }
    }

    private final class Ends: Sendable {
        private let names = Mutex<[String]>([])
        var all: [String] { names.withLock { $0 } }
        func note(_ name: String) { names.withLock { $0.append(name) } }
    }

    /// What ends next takes leave of the clients, and whoever asked for the stop is one of them.
    @Test func `who waits for a strategy's stop is answered before the server takes leave`() async throws {
        try await withTemporaryPlace(.sqlite) { place in
            let time = PausedTime()
            let bench = try await Bench(place, time: time)
            try await bench.quote()
            let (server, supervisor) = (bench.server, bench.server.supervisor)
            let (isStopped, goesOn) = (Signal(), Signal())
            bench.exchange.state.withLock { state in
                state.onOpenOrders = { [exchange = bench.exchange] in
                    exchange.state.withLock { $0.onOpenOrders = nil }
                    // What is read next is the answer of the stop.
                    server.database.holdNextRead {
                        isStopped.raise()
                        await goesOn.wait()
                    }
                }
            }
            let ended = Ends()
            let stop = Task {
                let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)
                let status = try await supervisor.stop(key).status
                ended.note("stop")
                return status
            }
            await isStopped.wait()
            let end = Task {
                let isClean = await supervisor.shutDown(limit: Nanoseconds.seconds(10))
                ended.note("server")
                return isClean
            }
            try await server.wait("its last look is taken") { await supervisor.isSealed }
            let before = time.pauses
            try await server.wait("it waits, or has left") { time.pauses > before || ended.all != [] }
            #expect(ended.all == [])
            goesOn.raise()
            #expect(await end.value)
            #expect(try await stop.value == .stopped)
            #expect(ended.all == ["stop", "server"])
            await bench.end()
        }
    }
}
