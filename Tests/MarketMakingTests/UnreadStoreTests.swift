import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// What is commanded while nobody is at work yet: the store cannot be read, or an exchange cannot be reached.
@Suite struct UnreadStoreTests {
    private static let key = "u1-c1-pureMarketMaking"
    private static let scopes = [TradingScope.server, .account("paper/default"), .session(key)]

    private static func halt(_ scope: TradingScope) -> TradingStateChange {
        TradingStateChange(scope: scope, state: .halted, reason: "drill")
    }

    private static func entry(_ scope: TradingScope, _ supervisor: StrategySupervisor) async throws -> TradingStateEntry
    {
        try #require(try await supervisor.tradingStates().first { $0.scope == scope })
    }

    private static func waitForFault(_ bench: Bench, _ start: String) async throws {
        try await bench.server.wait("the fault is shown") { [server = bench.server] in
            await server.supervisor.health().faults.contains { $0.hasPrefix(start) }
        }
    }

    @Test(arguments: [true, false])
    func `the store is read again at the start until it can be, and nothing begins before`(
        _ isReadable: Bool
    )
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (exchange, resting) = (bench.exchange, bench.exchange.open.map(\.request.id))
            let placed = exchange.state.withLock { $0.placed.count }
            try await bench.restart(waits: false) { database in
                if isReadable { database.setFailing(true) } else { database.setUnreadable(true) }
            }
            try await Self.waitForFault(bench, "store: database or disk is full")
            let supervisor = bench.server.supervisor
            exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(await !supervisor.isReconciled)
            await #expect(throws: DeskError.self) {
                _ = try await supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            }
            #expect(exchange.open.map(\.request.id) == resting)
            #expect(exchange.state.withLock { $0.placed.count } == placed)
            bench.server.database.setUnreadable(false)
            try await bench.server.wait("reconciled") { await supervisor.isReconciled }
            #expect(await supervisor.health().faults.filter { $0.hasPrefix("store") } == [])
            exchange.market(bid: 6_099_900, ask: 6_100_100)
            try await bench.server.wait("it quotes anew") {
                exchange.open.count == 4 && exchange.state.withLock { $0.placed.count } > placed
            }
        }
    }

    @Test(arguments: scopes, [true, false])
    func `a halt while the store cannot be read holds, says what it has not cancelled, and does it when it can`(
        _ scope: TradingScope, _ isReadable: Bool
    ) async throws {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            let placed = exchange.state.withLock { $0.placed.count }
            try await bench.restart(waits: false) { database in
                if isReadable { database.setFailing(true) } else { database.setUnreadable(true) }
            }
            try await Self.waitForFault(bench, "store:")
            let supervisor = bench.server.supervisor
            try await supervisor.setTradingState(Self.halt(scope))
            let entry = try await Self.entry(scope, supervisor)
            #expect(entry.state == .halted && !entry.isStored)
            let words = try #require(entry.uncancelled.first)
            #expect(words.contains("account") || words.contains("paper/default"))
            #expect(words.contains("the store cannot be read: database or disk is full"))
            #expect(exchange.open.count == 4, "nobody knows of them yet")
            bench.server.database.setUnreadable(false)
            try await bench.server.wait("the owed cancels are done") { exchange.open.isEmpty }
            try await bench.server.wait("reconciled") { await supervisor.isReconciled }
            exchange.market(bid: 5_999_800, ask: 6_000_200)
            try await bench.server.wait("it is stored") { try await Self.entry(scope, supervisor).isStored }
            try await bench.server.wait("nothing is owed") { try await Self.entry(scope, supervisor).uncancelled == [] }
            #expect(try await supervisor.inspect(Self.key).state == .halted)
            try await bench.restart()
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
            #expect(exchange.state.withLock { $0.placed.count } == placed)
        }
    }

    @Test(arguments: scopes)
    func
        `a halt before the store could be read holds though a clock that was ahead has dated the state before it later`(
            _ scope: TradingScope
        ) async throws
    {
        try await withServer { bench in
            try await bench.quote()
            try await bench.server.supervisor.setTradingState(.init(scope: scope, state: .active, reason: "before"))
            _ = try await bench.server.database.real.write { transaction in
                try transaction.execute("UPDATE trading_states SET set_at = set_at + 7200000000000")
            }
            try await bench.restart(waits: false) { $0.setUnreadable(true) }
            try await Self.waitForFault(bench, "store:")
            let (supervisor, exchange) = (bench.server.supervisor, bench.exchange)
            try await supervisor.setTradingState(Self.halt(scope))
            bench.server.database.setUnreadable(false)
            try await bench.server.wait("reconciled") { await supervisor.isReconciled }
            try await bench.server.wait("it is stored") { try await Self.entry(scope, supervisor).isStored }
            for again in [false, true] {
                if again { try await bench.restart() }
                exchange.market(bid: 5_999_800, ask: 6_000_200)
                #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
                try await bench.server.wait("nothing rests") { exchange.open.isEmpty }
            }
        }
    }

    @Test(arguments: scopes)
    func `a halt while an exchange cannot be reached says so, and its orders are off as soon as it can`(
        _ scope: TradingScope
    ) async throws {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            exchange.state.withLock { $0.isReachable = false }
            try await bench.restart(waits: false)
            try await Self.waitForFault(bench, "paper/default")
            let supervisor = bench.server.supervisor
            try await supervisor.setTradingState(Self.halt(scope))
            let entry = try await Self.entry(scope, supervisor)
            #expect(entry.state == .halted && entry.isStored)
            let words = try #require(entry.uncancelled.first)
            #expect(words.hasPrefix("paper/default: ") && words.contains("the test exchange is down"))
            #expect(entry.uncancelled.count == 1)
            exchange.state.withLock { $0.isReachable = true }
            try await bench.server.wait("they are off") { exchange.open.isEmpty }
            try await bench.server.wait("reconciled") { await supervisor.isReconciled }
            try await bench.server.wait("nothing is owed") { try await Self.entry(scope, supervisor).uncancelled == [] }
        }
    }

    @Test(arguments: scopes)
    func `states commanded meanwhile win over stored ones`(_ scope: TradingScope) async throws {
        try await withServer { bench in
            guard bench.server.database.dialect == .sqlite else { return }
            try await bench.quote()
            let exchange = bench.exchange
            try await bench.server.supervisor.setTradingState(
                TradingStateChange(scope: scope, state: .active, reason: "stored"))
            // The state itself cannot be stored even when all else can: what was stored before is what is read.
            try await bench.server.database.real.write { transaction in
                for kind in ["INSERT", "UPDATE"] {
                    try transaction.execute(
                        """
                        CREATE TRIGGER no_\(raw: kind) BEFORE \(raw: kind) ON trading_states
                        BEGIN SELECT RAISE(ABORT, 'not now'); END
                        """)
                }
            }
            try await bench.restart(waits: false) { $0.setUnreadable(true) }
            try await Self.waitForFault(bench, "store:")
            let supervisor = bench.server.supervisor
            try await supervisor.setTradingState(Self.halt(scope))
            bench.server.database.setUnreadable(false)
            try await bench.server.wait("reconciled") { await supervisor.isReconciled }
            try await bench.server.wait("nothing rests") { exchange.open.isEmpty }
            #expect(try await supervisor.inspect(Self.key).state == .halted)
            #expect(try await Self.entry(scope, supervisor).isStored == false)
            try await bench.server.database.real.write { transaction in
                for kind in ["INSERT", "UPDATE"] { try transaction.execute("DROP TRIGGER no_\(raw: kind)") }
            }
            try await bench.server.wait("it is stored") { try await Self.entry(scope, supervisor).isStored }
            #expect(try await Self.entry(scope, supervisor).reason == "drill")
        }
    }

    @Test func `a server that is told to stop while it reads the store has no fault`() async throws {
        try await withServer { bench in
            let supervisor = bench.server.supervisor
            let (asked, goesOn) = (Signal(), Signal())
            bench.server.database.failNextWrite {
                asked.raise()
                await goesOn.wait()
            }
            let recovery = Task { await supervisor.recover() }
            await asked.wait()
            recovery.cancel()
            goesOn.raise()
            await recovery.value
            #expect(await supervisor.health().faults.filter { $0.hasPrefix("store") } == [])
        }
    }

    @Test func `a halt that is stored while the states are being read is among them`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (server, exchange) = (bench.server, bench.exchange)
            server.database.setFailing(true)
            try await server.supervisor.setTradingState(Self.halt(.server))
            try await server.wait("nothing rests") { exchange.open.isEmpty }
            server.database.holdNextRead {
                server.database.setFailing(false)
                try? await server.wait("it is stored") { await server.supervisor.haltsOfThisProcess.isEmpty }
            }
            #expect(try await Self.entry(.server, server.supervisor).state == .halted)
            #expect(try await Self.entry(.server, server.supervisor).isStored)
        }
    }

    @Test func `a halt of a strategy that there is not is dropped when that can be known`() async throws {
        try await withServer { bench in
            try await bench.restart(waits: false) { $0.setUnreadable(true) }
            try await Self.waitForFault(bench, "store:")
            let supervisor = bench.server.supervisor
            try await supervisor.setTradingState(Self.halt(.session("nobody-c1-pureMarketMaking")))
            bench.server.database.setUnreadable(false)
            try await bench.server.wait("it is dropped") {
                await supervisor.haltsOfThisProcess.isEmpty
            }
            #expect(try await supervisor.tradingStates().allSatisfy { $0.state == .active })
        }
    }

    @Test(arguments: [TradingScope.server, .account("paper/default")])
    func `a halt while a place is being made ready holds there`(_ scope: TradingScope) async throws {
        try await withServer { bench in
            let (supervisor, exchange) = (bench.server.supervisor, bench.exchange)
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            exchange.state.withLock { state in
                state.onBalances = { try? await supervisor.setTradingState(Self.halt(scope)) }
            }
            await #expect(throws: DeskError.self) {
                _ = try await supervisor.place(
                    DirectOrderRequest(
                        userID: "u1", clientID: "c1", exchange: "paper", account: "default", symbol: "BTC/USDT",
                        side: .buy, amount: "0.01", price: "59000", isPostOnly: false, requestID: nil))
            }
            #expect(exchange.state.withLock { $0.placed.isEmpty })
        }
    }
}
