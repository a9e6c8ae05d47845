import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Commands that come while something else is under way.
@Suite struct CommandRaceTests {
    private static let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)

    @Test func `what a kill switch set holds over a stop and a rerun`() async throws {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body(more: ",\"maximumConsecutiveRejects\":2"))
            bench.exchange.state.withLock { $0.faults = Array(repeating: .refused(.other), count: 4) }
            bench.exchange.market(bid: 6_099_900, ask: 6_100_100)
            let supervisor = bench.server.supervisor
            try await bench.server.wait("halted") {
                try await supervisor.tradingStates().contains {
                    $0.state == .halted && $0.reason == "CONSECUTIVE_REJECTS"
                }
            }
            bench.exchange.state.withLock { $0.faults = [] }
            #expect(try await supervisor.stop(Self.key).status == .stopped)
            #expect(try await supervisor.rerun(Self.key.description).status == .running)
            bench.exchange.market(bid: 6_199_900, ask: 6_200_100)
            #expect(try await supervisor.inspect(Self.key.description).state == .halted)
            #expect(bench.exchange.open.isEmpty)
        }
    }

    // MARK: - Commits that were cut short

    @Test func `a laxer or stricter state whose commit was cut short holds as it stands in the store`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let (server, supervisor, exchange) = (bench.server, bench.server.supervisor, bench.exchange)
            var unknown = 0
            for scope in [TradingScope.session(Self.key.description), .account("paper/default"), .server] {
                for state in [TradingState.halted, .active, .reducing, .active] {
                    // A halt holds at once; what is unknown of it is stored again.
                    if state != .halted { server.database.hideCommits(1) }
                    do {
                        try await supervisor.setTradingState(
                            TradingStateChange(scope: scope, state: state, reason: "test"))
                    } catch { unknown += 1 }
                    try await server.wait("\(scope) is \(state) here and in the store") {
                        let stored = try await supervisor.tradingStates().first { $0.scope == scope }
                        return await supervisor.state(scope) == state && stored?.state == state
                    }
                    try await server.wait("and at the market") {
                        state == .halted
                            ? exchange.open.isEmpty : state == .reducing || !exchange.open.isEmpty
                    }
                }
            }
            // An order's commit may have come before a command's.
            #expect(unknown >= 2)
        }
    }

    @Test func `a stop and a start whose commits were cut short are carried out where they stand in the store`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (server, supervisor, exchange) = (bench.server, bench.server.supervisor, bench.exchange)
            var unknown: Set<String> = []
            // An order's commit may come before a command's, which is taken as ever then.
            for _ in 0..<10 where unknown.count < 2 {
                server.database.hideCommits(1)
                do { _ = try await supervisor.stop(Self.key) } catch { unknown.insert("stop") }
                try await server.wait("stopped") {
                    try await supervisor.strategies(.all).first?.status == .stopped && exchange.open.isEmpty
                }
                server.database.hideCommits(1)
                do { _ = try await supervisor.rerun(Self.key.description) } catch { unknown.insert("start") }
                exchange.market(bid: 6_000_000, ask: 6_000_200)
                try await server.wait("it quotes") { exchange.open.count == 4 }
            }
            #expect(unknown.count == 2)
            #expect(try await supervisor.rerun(Self.key.description).status == .running)
            #expect(try await supervisor.inspect(Self.key.description).state == .active)
            #expect(try await supervisor.stop(Self.key).status == .stopped)
        }
    }

    @Test func `why a session is halted is told over a rerun and a restart, and an operator's words make no rule's`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body(more: ",\"maximumConsecutiveRejects\":2"))
            bench.exchange.state.withLock { $0.faults = Array(repeating: .refused(.other), count: 4) }
            bench.exchange.market(bid: 6_099_900, ask: 6_100_100)
            let key = Self.key.description
            try await bench.server.wait("halted") { [supervisor = bench.server.supervisor] in
                try await supervisor.tradingStates().contains { $0.reason == "CONSECUTIVE_REJECTS" }
            }
            bench.exchange.state.withLock { $0.faults = [] }
            #expect(try await bench.server.supervisor.inspect(key).reason == "CONSECUTIVE_REJECTS")
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(key).reason == "CONSECUTIVE_REJECTS")
            _ = try await bench.server.supervisor.stop(Self.key)
            _ = try await bench.server.supervisor.rerun(key)
            #expect(try await bench.server.supervisor.inspect(key).reason == "CONSECUTIVE_REJECTS")
            try await bench.server.supervisor.setTradingState(
                TradingStateChange(scope: .session(key), state: .halted, reason: "MAXIMUM_LOSS"))
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(key).reason == "OPERATOR")
        }
    }

    @Test func `a stop that comes while the exchange cannot be reached is carried out once it can (H27)`() async throws
    {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.state.withLock { $0.isReachable = false }
            try await bench.restart(waits: false)
            let supervisor = bench.server.supervisor
            try await bench.server.wait("the fault is known") {
                await supervisor.health().faults.contains { $0.contains("down") }
            }
            #expect(try await supervisor.stop(Self.key).status == .stopping)
            bench.exchange.state.withLock { $0.isReachable = true }
            try await bench.server.wait("stopped, with nothing left") { [exchange = bench.exchange] in
                try await supervisor.inspectStatus(Self.key) == .stopped && exchange.open.isEmpty
            }
        }
    }

    @Test
    func `a strategy whose stored parameters cannot be read leaves nothing behind and keeps no other from trading`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let first = Set(bench.exchange.open.map(\.request.id))
            _ = try await bench.server.database.real.write { transaction in
                try transaction.execute("UPDATE strategy_parameters SET parameters = '{\"bidSpraed\":1}'")
            }
            try await bench.restart()
            let supervisor = bench.server.supervisor
            #expect(await supervisor.health().faults.contains { $0.contains("cannot be read") })
            try await bench.server.wait("its orders are gone") { [exchange = bench.exchange] in
                exchange.open.allSatisfy { !first.contains($0.request.id) }
            }
        }
    }

    @Test func `of halts and releases that come together the one stored last is the one that holds`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let supervisor = bench.server.supervisor
            for round in 0..<40 {
                await withTaskGroup { group in
                    for state in [TradingState.halted, .active, .reducing] {
                        group.addTask {
                            try? await supervisor.setTradingState(
                                TradingStateChange(
                                    scope: .session(Self.key.description), state: state, reason: "round \(round)"))
                        }
                    }
                }
                let stored = try await supervisor.tradingStates().first { $0.scope == .session(Self.key.description) }
                let held = try await supervisor.inspect(Self.key.description).state
                #expect(stored?.state == held, "round \(round)")
            }
        }
    }

    /// The row says that it runs, and nobody has it at work yet: whoever then declared it stopped, for the exchange shows nothing
    /// of it, would let it trade on as one that is stopped.
    @Test func `a stop that comes between a start's row and its session ends the session`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let supervisor = bench.server.supervisor
            #expect(try await supervisor.stop(Self.key).status == .stopped)
            let (reached, released) = (Signal(), Signal())
            bench.server.database.holdReadAfterCommit {
                reached.raise()
                await released.wait()
            }
            async let started = supervisor.rerun(Self.key.description)
            await reached.wait()
            #expect(try await supervisor.stop(Self.key).status == .stopping)
            released.raise()
            _ = try? await started
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("stopped, with nothing left") { [exchange = bench.exchange] in
                try await supervisor.inspectStatus(Self.key) == .stopped && exchange.open.isEmpty
            }
            #expect(await supervisor.health().executors.allSatisfy { $0.sessionCount == 0 })
            // And it can be started again.
            #expect(try await supervisor.rerun(Self.key.description).status == .running)
        }
    }

    @Test func `a start and a stop that come together end stopped with nothing left, or running`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let supervisor = bench.server.supervisor
            for _ in 0..<20 {
                await withTaskGroup { group in
                    group.addTask { _ = try? await supervisor.stop(Self.key) }
                    group.addTask { _ = try? await supervisor.rerun(Self.key.description) }
                }
                try await bench.server.wait("one or the other") { [exchange = bench.exchange] in
                    switch try await supervisor.inspectStatus(Self.key) {
                    case .running: true
                    case .stopped: exchange.open.isEmpty
                    default: false
                    }
                }
            }
        }
    }
}

extension StrategySupervisor {
    fileprivate func inspectStatus(_ key: StrategyKey) async throws -> StrategyInstance.Status? {
        try await strategies(.all).first { $0.key == key }?.status
    }
}
