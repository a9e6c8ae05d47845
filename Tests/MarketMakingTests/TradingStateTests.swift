import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct DurableTradingStateTests {
    @Test(arguments: [TradingScope.server, .account("paper/default"), .session("u1-c1-pureMarketMaking")])
    func `a halt takes everything off, and no restart arms it again`(_ scope: TradingScope) async throws {
        try await withServer { bench in
            try await bench.quote()
            try await bench.server.supervisor.setTradingState(
                TradingStateChange(scope: scope, state: .halted, reason: "drill"))
            try await bench.server.wait("empty") { [exchange = bench.exchange] in exchange.open.isEmpty }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            let placed = bench.exchange.state.withLock { $0.placed.count }
            let inspection = try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking")
            #expect(inspection.state == .halted)
            #expect(bench.exchange.state.withLock { $0.placed.count } == placed)
            let entry = try await bench.server.supervisor.tradingStates().first { $0.scope == scope }
            #expect(entry?.state == .halted)
            #expect(entry?.reason == "drill")
            try await bench.server.supervisor.setTradingState(
                TradingStateChange(scope: scope, state: .active, reason: "over"))
            try await bench.server.wait("quoting again") { [exchange = bench.exchange] in exchange.open.count == 4 }
        }
    }

    @Test func `a halt that cannot be stored yet holds, says so, is stored as soon as can be, and outlives a kill`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            bench.server.database.setFailing(true)
            let supervisor = bench.server.supervisor
            try await supervisor.setTradingState(
                TradingStateChange(scope: .server, state: .halted, reason: "no disk"))
            try await bench.server.wait("empty") { [exchange = bench.exchange] in exchange.open.isEmpty }
            #expect(await supervisor.health().faults.contains { $0.contains("not stored yet") })
            bench.server.database.setFailing(false)
            try await bench.server.wait("it is stored") {
                try await supervisor.tradingStates().contains {
                    $0.scope == .server && $0.state == .halted && $0.isStored
                }
            }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking").state == .halted)
            #expect(bench.exchange.open.isEmpty)
        }
    }

    @Test
    func `a kill switch's halt is the latest word also where the clock was ahead when an operator had the one before`()
        async throws
    {
        try await withServer { bench in
            let (key, scope) = ("u1-c1-pureMarketMaking", TradingScope.session("u1-c1-pureMarketMaking"))
            func command(_ state: TradingState) async throws {
                try await bench.server.supervisor.setTradingState(.init(scope: scope, state: state, reason: "drill"))
            }
            try await bench.quote()
            try await command(.active)
            // The clock was two hours ahead then.
            _ = try await bench.server.database.real.write { transaction in
                try transaction.execute("UPDATE trading_states SET set_at = set_at + 7200000000000")
            }
            try await bench.restart()
            // As an executor's journal stores it, which tells nobody else.
            try await bench.server.database.real.write { transaction in
                _ = try TradingStateStore(transaction: transaction).put(
                    TradingStateEntry(
                        scope: scope, state: .halted, reason: HaltReason.loss.code, setBy: "kill switch",
                        setAt: SystemTime().now()))
            }
            for again in [false, true] {
                _ = try await bench.server.supervisor.stop(
                    StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking))
                if again { try await bench.restart() }
                _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
                bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
                #expect(try await bench.server.supervisor.inspect(key).state == .halted)
                #expect(bench.exchange.open.isEmpty)
            }
            // An operator lifts it for good, and his own halt holds though the store does not take it.
            try await command(.active)
            try await bench.server.wait("quoting again") { [exchange = bench.exchange] in exchange.open.count == 4 }
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(key).state == .active)
            let row = try await bench.server.database.read { try TradingStateStore(transaction: $0).all() }
            bench.server.database.setFailing(true)
            try await command(.halted)
            let halt = try #require(await bench.server.supervisor.states[scope])
            #expect(TradingStateEntry.newer(row.first { $0.scope == scope }, halt) == halt)
        }
    }

    @Test func `a kill switch that goes off while a laxer state waits for the disk holds, and is what is stored last`()
        async throws
    {
        try await withServer { bench in
            let (key, scope) = ("u1-c1-pureMarketMaking", TradingScope.session("u1-c1-pureMarketMaking"))
            try await bench.quote(TestInstrument.body(more: ",\"maximumConsecutiveRejects\":2"))
            let (supervisor, held, release) = (bench.server.supervisor, Signal(), Signal())
            bench.server.database.holdNextCommand {
                held.raise()
                await release.wait()
            }
            let relaxing = Task {
                try await supervisor.setTradingState(.init(scope: scope, state: .active, reason: "drill"))
            }
            await held.wait()
            bench.exchange.state.withLock { $0.faults = Array(repeating: .refused(.other), count: 4) }
            bench.exchange.market(bid: 6_099_900, ask: 6_100_100)
            try await bench.server.wait("halted") { try await supervisor.inspect(key).state == .halted }
            bench.exchange.state.withLock { $0.faults = [] }
            release.raise()
            try await relaxing.value
            #expect(try await supervisor.inspect(key).state == .halted)
            try await bench.server.wait("it is stored last") {
                let entry = try await supervisor.tradingStates().first { $0.scope == scope }
                return entry?.state == .halted && entry?.reason == "CONSECUTIVE_REJECTS"
            }
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("nothing rests") { [exchange = bench.exchange] in exchange.open.isEmpty }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(try await bench.server.supervisor.inspect(key).state == .halted)
            #expect(bench.exchange.open.isEmpty)
            // What is commanded now lifts it.
            try await bench.server.supervisor.setTradingState(.init(scope: scope, state: .active, reason: "over"))
            try await bench.server.wait("quoting again") { [exchange = bench.exchange] in exchange.open.count == 4 }
        }
    }

    @Test func `a halt that comes while a laxer state is being told stays to be stored, and is what holds`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, database) = (bench.server.supervisor, bench.server.database)
            for round in 0..<40 {
                let before = database.commitCount
                let relaxing = Task {
                    try await supervisor.setTradingState(.init(scope: .server, state: .active, reason: "\(round)"))
                }
                while database.commitCount == before { await Task.yield() }
                database.setFailing(true)
                for _ in 0..<(round % 10) { await Task.yield() }
                try await supervisor.setTradingState(.init(scope: .server, state: .halted, reason: "\(round)"))
                // Commanded later than the halt was, it would hold: it is the other way round.
                _ = await relaxing.result
                #expect(try await supervisor.tradingStates().first { $0.scope == .server }?.state == .halted)
                #expect(try await supervisor.inspect("u1-c1-pureMarketMaking").state == .halted, "round \(round)")
                database.setFailing(false)
                try await bench.server.wait("it is stored, round \(round)") {
                    try await database.read { try TradingStateStore(transaction: $0).all() }
                        .contains { $0.scope == .server && $0.state == .halted && $0.reason == "\(round)" }
                }
            }
        }
    }

    @Test(arguments: [TradingScope.server, .account("paper/default"), .session("u1-c1-pureMarketMaking")])
    func `a halt holds at once though a laxer change before it waits for the disk, and is what is stored last`(
        _ scope: TradingScope
    ) async throws {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, held, release) = (bench.server.supervisor, Signal(), Signal())
            bench.server.database.holdNextCommand {
                held.raise()
                await release.wait()
            }
            func command(_ scope: TradingScope, _ state: TradingState) -> Task<Void, any Error> {
                Task { try await supervisor.setTradingState(.init(scope: scope, state: state, reason: "drill")) }
            }
            let relaxing = command(scope, .active)
            await held.wait()
            let halting = command(scope, .halted)
            try await bench.server.wait("empty") { [exchange = bench.exchange] in exchange.open.isEmpty }
            let shown = try await supervisor.tradingStates().first { $0.scope == scope }
            #expect(shown?.state == .halted && shown?.isStored == false)
            release.raise()
            try await relaxing.value
            try await halting.value
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(try await supervisor.inspect("u1-c1-pureMarketMaking").state == .halted)
            let stored = try await supervisor.tradingStates().first { $0.scope == scope }
            #expect(stored?.state == .halted && stored?.isStored == true)
            // What is commanded later than a halt is what holds.
            try await command(scope, .active).value
            #expect(try await supervisor.inspect("u1-c1-pureMarketMaking").state == .active)
            try await command(scope, .halted).value
            try await bench.restart()
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            #expect(try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking").state == .halted)
            #expect(bench.exchange.open.isEmpty)
        }
    }

    @Test(arguments: [TradingScope.server, .account("paper/default"), .session("u1-c1-pureMarketMaking")])
    func `a halt says what it has not taken off: an exchange that is not reached, a key that is gone`(
        _ scope: TradingScope
    ) async throws {
        try await withServer { bench in
            let (exchange, supervisor) = (bench.exchange, bench.server.supervisor)
            func told() async throws -> [String] {
                try await supervisor.tradingStates().first { $0.scope == scope }?.uncancelled ?? []
            }
            try await bench.quote()
            exchange.state.withLock { $0.refusesCancels = true }
            try await supervisor.setTradingState(.init(scope: scope, state: .halted, reason: "drill"))
            // How long they have been on their way by now is the machine's affair.
            let lines = try await told()
            #expect(lines.count == 1)
            #expect(
                lines.first?.hasPrefix("paper/default: 4 orders on BTC/USDT are not known to be off the book: ") == true
            )
            exchange.state.withLock { $0.refusesCancels = false }
            try await bench.server.wait("all is off") { exchange.open.isEmpty }
            try await bench.server.wait("and that is said") {
                try await supervisor.tradingStates().first { $0.scope == scope }?.uncancelled == []
            }
        }
    }

    @Test func `orders that an exchange will not cancel are told of as what keeps trading from being well`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (exchange, supervisor) = (bench.exchange, bench.server.supervisor)
            exchange.state.withLock { $0.refusesCancels = true }
            try await supervisor.setTradingState(.init(scope: .server, state: .halted, reason: "drill"))
            try await bench.server.wait("it is told") {
                await supervisor.health().faults.contains { $0.contains("4 orders rest, as far as is known") }
            }
            #expect(
                try await supervisor.tradingStates().first { $0.scope == .server }?.uncancelled.first?.contains(
                    "they are sent again every two seconds") == true)
            exchange.state.withLock { $0.refusesCancels = false }
            try await bench.server.wait("all is off") { exchange.open.isEmpty }
            try await bench.server.wait("all is well") { await supervisor.health().faults.isEmpty }
        }
    }

    @Test func `a halt of a session that is at work does not wait for the store to be read`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, held, release) = (bench.server.supervisor, Signal(), Signal())
            bench.server.database.holdNextRead {
                held.raise()
                await release.wait()
            }
            let reading = Task { try await supervisor.history(.user("u1"), RecordPage()) }
            await held.wait()
            bench.server.database.holdNextRead { await release.wait() }
            let halting = Task {
                try await supervisor.setTradingState(
                    .init(scope: .session("u1-c1-pureMarketMaking"), state: .halted, reason: "drill"))
            }
            try await bench.server.wait("empty") { [exchange = bench.exchange] in exchange.open.isEmpty }
            release.raise()
            _ = try await reading.value
            release.raise()
            try await halting.value
        }
    }

    @Test func `a halt of a session that is just being started holds`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let supervisor = bench.server.supervisor
            let (key, name) = (
                StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking), "u1-c1-pureMarketMaking"
            )
            for round in 0..<15 {
                _ = try await supervisor.stop(key)
                try await supervisor.setTradingState(
                    TradingStateChange(scope: .session(name), state: .active, reason: "\(round)"))
                async let started = supervisor.rerun(name)
                for _ in 0..<(round * 3) { await Task.yield() }
                try await supervisor.setTradingState(
                    TradingStateChange(scope: .session(name), state: .halted, reason: "\(round)"))
                _ = try await started
                #expect(try await supervisor.inspect(name).state == .halted, "round \(round)")
                try await bench.server.wait("nothing rests") { [exchange = bench.exchange] in exchange.open.isEmpty }
            }
        }
    }

    @Test
    func `a halt that is not stored yet holds for a session that starts meanwhile, and a stop says that it is lost`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, database) = (bench.server.supervisor, bench.server.database)
            let name = "u1-c1-pureMarketMaking"
            _ = try await supervisor.stop(StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking))
            database.setFailing(true)
            try await supervisor.setTradingState(
                TradingStateChange(scope: .session(name), state: .halted, reason: "no disk"))
            database.setFailing(false)
            _ = try await supervisor.rerun(name)
            #expect(try await supervisor.inspect(name).state == .halted)
            #expect(bench.exchange.open.isEmpty)
            database.setFailing(true)
            try await supervisor.setTradingState(TradingStateChange(scope: .server, state: .halted, reason: "no disk"))
            _ = await supervisor.shutDown(limit: Nanoseconds.milliseconds(300))
            #expect(await supervisor.haltsOfThisProcess.contains(.server))
            database.setFailing(false)
        }
    }

    @Test func `a state of an account that nothing trades for is refused, server or not`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let database = bench.server.database
            func set(_ account: String) async throws {
                try await OfflineTradingState.set(
                    TradingStateChange(scope: .account(account), state: .halted, reason: "r"), in: database,
                    keyed: ["binance/second"], time: SystemTime())
            }
            for known in ["paper/default", "binance/second"] { try await set(known) }
            for unknown in ["papr/default", "paper", "paper/other"] {
                await #expect(throws: DeskError.unknownAccount(unknown)) { try await set(unknown) }
            }
        }
    }

    @Test func `an end before an exchange could be asked does not say that its orders are off`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.state.withLock { $0.isReachable = false }
            try await bench.restart(waits: false)
            #expect(await bench.server.supervisor.shutDown(limit: Nanoseconds.milliseconds(300)) == false)
            bench.exchange.state.withLock { $0.isReachable = true }
            try await bench.restart()
            _ = try await bench.server.supervisor.stop(
                StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking))
            #expect(await bench.server.supervisor.shutDown(limit: Nanoseconds.seconds(10)))
        }
    }

    @Test func `names that make another user's key neither start nor stop anything of theirs`() async throws {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body("a-b", "c"))
            let supervisor = bench.server.supervisor
            await #expect(throws: DeskError.self) {
                _ = try await supervisor.startPureMarketMaking(TestInstrument.body("a", "b-c"))
            }
            await #expect(throws: DeskError.self) {
                _ = try await supervisor.stop(StrategyKey(userID: "a", clientID: "b-c", type: .pureMarketMaking))
            }
            #expect(bench.exchange.open.count == 4)
        }
    }

    @Test func `what a kill switch set outlives the process`() async throws {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body(more: ",\"maximumConsecutiveRejects\":2"))
            bench.exchange.state.withLock { $0.faults = Array(repeating: .refused(.other), count: 4) }
            bench.exchange.market(bid: 6_099_900, ask: 6_100_100)
            try await bench.server.wait("halted") { [server = bench.server] in
                try await server.supervisor.tradingStates().contains {
                    $0.scope == .session("u1-c1-pureMarketMaking") && $0.state == .halted
                        && $0.reason == "CONSECUTIVE_REJECTS" && $0.isStored
                }
            }
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking").state == .halted)
        }
    }

    @Test
    func `a session that an operator let go on after a loss goes on after a restart, too, and falls again by the next`()
        async throws
    {
        try await withServer { bench in
            let key = "u1-c1-pureMarketMaking"
            try await bench.quote(TestInstrument.body(more: ",\"maximumDrawdown\":1"))
            let exchange = bench.exchange
            exchange.fill(try #require(exchange.open.first { $0.request.side == .buy }).request.id)
            try await bench.server.wait("booked") { [server = bench.server] in
                try await server.supervisor.fills(strategyKey: key, after: 0, limit: 9).count == 1
            }
            exchange.market(bid: 2_999_900, ask: 3_000_100)
            func waitForState(_ state: TradingState) async throws {
                try await bench.server.wait("\(state)") { [server = bench.server] in
                    try await server.supervisor.inspect(key).state == state
                }
            }
            try await waitForState(.halted)
            try await bench.server.supervisor.setTradingState(
                .init(scope: .session(key), state: .active, reason: "go on"))
            exchange.market(bid: 2_999_800, ask: 3_000_200)
            try await bench.server.wait("quoting") { exchange.open.count == 4 }
            let instance = try await bench.server.supervisor.inspect(key).instance.id
            try await bench.server.wait("where it counts from is stored") { [database = bench.server.database] in
                let books = try await database.read { try SessionBooksStore(transaction: $0).books(of: instance) }
                return try #require(books?.bestProfit).raw < 0
            }
            try await bench.restart()
            exchange.market(bid: 2_999_900, ask: 3_000_100)
            try await bench.server.wait("quoting after the restart") { exchange.open.count == 4 }
            try await waitForState(.active)
            // From there the same loss counts as much as before.
            exchange.market(bid: 1_999_900, ask: 2_000_100)
            try await waitForState(.halted)
        }
    }

    @Test func `a full disk stops trading, says so, and loses nothing`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.server.database.setFailing(true)
            // A fill comes while nothing can be stored.
            bench.exchange.fill(bench.exchange.open[0].request.id)
            try await bench.server.wait("trading stops") { [server = bench.server, exchange = bench.exchange] in
                await server.supervisor.health().faults.contains { $0.contains("full") } && exchange.open.isEmpty
            }
            // It is no exchange's fault.
            #expect(await bench.server.supervisor.health().exchanges.map(\.fault) == [nil])
            bench.server.database.setFailing(false)
            try await bench.server.wait("the fill is booked") { [server = bench.server] in
                try await server.supervisor.fills(strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 9).count == 1
            }
            try await bench.server.wait("quoting again") { [exchange = bench.exchange] in exchange.open.count == 4 }
            #expect(await bench.server.supervisor.health().faults == [])
        }
    }

    @Test func `a full disk keeps nobody from stopping the server`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.server.database.setFailing(true)
            bench.exchange.fill(bench.exchange.open[0].request.id)
            // The exchange shows that nothing rests, which is what matters.
            #expect(await bench.server.supervisor.shutDown(limit: Nanoseconds.seconds(10)))
            #expect(bench.exchange.open.isEmpty)
            bench.server.database.setFailing(false)
            try await bench.restart()
            // The exchange tells what could not be stored.
            let fills = try await bench.server.supervisor.fills(
                strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 9)
            #expect(fills.count == 1)
        }
    }

    @Test func `nothing trades before an unreachable exchange has been asked (H28)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.state.withLock { $0.isReachable = false }
            try await bench.restart(waits: false)
            try await bench.server.wait("the fault is known") { [server = bench.server] in
                await server.supervisor.health().faults.contains { $0.contains("down") }
            }
            let placed = bench.exchange.state.withLock { $0.placed.count }
            await #expect(throws: DeskError.self) {
                _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            }
            bench.exchange.state.withLock { $0.isReachable = true }
            try await bench.server.wait("reconciled") { [server = bench.server] in
                await server.supervisor.isReconciled
            }
            #expect(bench.exchange.open.count == 4)
            #expect(bench.exchange.state.withLock { $0.placed.count } == placed)
        }
    }

    @Test func `two sessions cannot be promised the same funds`() async throws {
        try await withServer { bench in
            // Each would quote 6 of the account's 10 BTC.
            try await bench.quote(TestInstrument.body("u1", "c1", amount: "3"))
            _ = try await bench.server.supervisor.startPureMarketMaking(
                TestInstrument.body("u2", "c2", amount: "3"))
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("the second quotes what is left") { [exchange = bench.exchange] in
                exchange.open.count >= 6
            }
            let sells = bench.exchange.open.filter { $0.request.side == .sell }
            #expect(sells.reduce(0) { $0 + $1.request.quantity.lots } <= 1_000_000_000)
        }
    }
}
