import Dispatch
import Exchanges
import Execution
import Foundation
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Halts on a database that takes nothing.
@Suite struct KeptHaltsTests {
    private static let key = "u1-c1-pureMarketMaking"

    private static func withReserve(_ body: (Bench, String) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/server.db"
        let bench = try await Bench(.sqlite(path: path), reservePath: path)
        do { try await body(bench, path) } catch {
            await bench.end()
            throw error
        }
        await bench.end()
    }

    private static func command(_ bench: Bench, _ scope: TradingScope, _ state: TradingState) async throws {
        try await bench.server.supervisor.setTradingState(.init(scope: scope, state: state, reason: "drill"))
    }

    private static func entry(_ bench: Bench, _ scope: TradingScope) async throws -> TradingStateEntry? {
        try await bench.server.supervisor.tradingStates().first { $0.scope == scope }
    }

    @Test(arguments: [TradingScope.server, .account("paper/default"), .session(key)])
    func
        `a halt that the store does not take outlives a kill, is stored as soon as can be, and only an operator lifts it`(
            _ scope: TradingScope
        ) async throws
    {
        try await Self.withReserve { bench, path in
            try await bench.quote()
            bench.server.database.setFailing(true)
            try await Self.command(bench, scope, .halted)
            try await bench.server.wait("empty") { [exchange = bench.exchange] in exchange.open.isEmpty }
            // It is as safe as one that is stored, and says so.
            #expect(try await Self.entry(bench, scope)?.isStored == true)
            #expect(await !bench.server.supervisor.health().faults.contains { $0.contains("not stored yet") })
            #expect(await bench.server.supervisor.haltsOfThisProcess.isEmpty)

            // What the next start cannot store either is kept for the one after.
            try await bench.restart(waits: false) { $0.setFailing(true) }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
            #expect(bench.exchange.open.isEmpty)
            let (supervisor, database) = (bench.server.supervisor, bench.server.database)
            try await bench.server.wait("it is stored") {
                try await database.read { try TradingStateStore(transaction: $0).all() }
                    .contains { $0.scope == scope && $0.state == .halted && $0.reason == "drill" }
            }
            try await bench.server.wait("it is struck out") {
                let isOwed = await !supervisor.unstoredHalts.isEmpty
                return try !isOwed && HaltReserve(beside: path).left.isEmpty
            }
            try await Self.command(bench, scope, .active)
            try await bench.server.wait("quoting again") { [exchange = bench.exchange] in exchange.open.count == 4 }
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
        }
    }

    @Test func `a halt that was lifted before a kill stays lifted, though it was not struck out`() async throws {
        try await Self.withReserve { bench, path in
            try await bench.quote()
            try await Self.command(bench, .server, .halted)
            let halt = try #require(try await Self.entry(bench, .server))
            try await Self.command(bench, .server, .active)
            await bench.end()
            try HaltReserve(beside: path).keep(halt)
            try await bench.restart()
            #expect(try await Self.entry(bench, .server)?.state == .active)
            try await bench.server.wait("it is struck out") { try HaltReserve(beside: path).left.isEmpty }
        }
    }

    private static func setClockAhead(_ bench: Bench) async throws {
        _ = try await bench.server.database.real.write { transaction in
            try transaction.execute("UPDATE trading_states SET set_at = set_at + 7200000000000")
        }
    }

    @Test(arguments: [TradingScope.server, .account("paper/default"), .session(key)])
    func
        `a halt before the store could be read outlives a kill though a clock that was ahead has dated the state before`(
            _ scope: TradingScope
        ) async throws
    {
        try await Self.withReserve { bench, _ in
            try await bench.quote()
            try await Self.command(bench, scope, .active)
            try await Self.setClockAhead(bench)
            try await bench.restart(waits: false) { $0.setUnreadable(true) }
            try await Self.command(bench, scope, .halted)
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
            try await bench.server.wait("nothing rests") { [exchange = bench.exchange] in exchange.open.isEmpty }
            // An operator lifts it for good.
            try await Self.command(bench, scope, .active)
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
        }
    }

    @Test(arguments: [true, false])
    func `a halt that overtakes a laxer state outlives a kill though it was not stored`(
        _ isClockAhead: Bool
    ) async throws {
        try await Self.withReserve { bench, _ in
            try await bench.quote()
            try await Self.command(bench, .server, .active)
            if isClockAhead {
                try await Self.setClockAhead(bench)
                try await bench.restart()
            }
            let (database, held, release) = (bench.server.database, Signal(), Signal())
            database.holdNextCommand {
                held.raise()
                await release.wait()
            }
            let supervisor = bench.server.supervisor
            let laxer = [TradingState.reducing, .active].map { state in
                Task { try await supervisor.setTradingState(.init(scope: .server, state: state, reason: "drill")) }
            }
            await held.wait()
            let halting = Task {
                try await supervisor.setTradingState(.init(scope: .server, state: .halted, reason: "drill"))
            }
            try await bench.server.wait("empty") { [exchange = bench.exchange] in exchange.open.isEmpty }
            // Both laxer ones are taken, the halt is not.
            database.failWrites(after: 1)
            release.raise()
            for task in laxer { try await task.value }
            try await halting.value
            #expect(try await Self.entry(bench, .server)?.state == .halted)
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
        }
    }

    private static func quoteWithKillSwitch(_ bench: Bench) async throws {
        try await bench.quote(TestInstrument.body(more: ",\"maximumConsecutiveRejects\":2"))
    }

    /// The exchange refuses whatever is asked of it, and the session gives up.
    private static func fall(_ bench: Bench) async throws {
        bench.exchange.state.withLock { $0.faults = Array(repeating: .refused(.other), count: 4) }
        bench.exchange.market(bid: 6_099_900, ask: 6_100_100)
        try await bench.server.wait("halted") { [server = bench.server] in
            try await server.supervisor.tradingStates().contains {
                $0.scope == .session(key) && $0.reason == "CONSECUTIVE_REJECTS"
            }
        }
        bench.exchange.state.withLock { $0.faults = [] }
    }

    @Test func `a kill switch's halt is kept while the store says nothing of it, and nobody has to wait for that`()
        async throws
    {
        try await Self.withReserve { bench, path in
            try await Self.quoteWithKillSwitch(bench)
            let (held, release) = (Signal(), Signal())
            bench.server.database.holdNextCommand {
                held.raise()
                await release.wait()
            }
            try await Self.fall(bench)
            await held.wait()
            try await bench.server.wait("it is kept") {
                try HaltReserve(beside: path).left.map(\.entry.scope) == [.session(Self.key)]
            }
            let supervisor = bench.server.supervisor
            try await bench.server.wait("and told so") {
                try await supervisor.tradingStates().contains { $0.scope == .session(Self.key) && $0.isStored }
            }
            bench.server.database.setFailing(true)
            release.raise()
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_200)
            let session = try await bench.server.supervisor.inspect(Self.key)
            #expect(session.state == .halted)
            #expect(bench.exchange.open.isEmpty)
        }
    }

    @Test func `a stop that could not store a kill switch's halt says so, or has kept it`() async throws {
        for isKept in [true, false] {
            let folder = try TemporaryFolder()
            let path = folder.path + "/server.db"
            let bench = try await Bench(.sqlite(path: path), reservePath: isKept ? path : nil)
            try await Self.quoteWithKillSwitch(bench)
            let database = bench.server.database
            database.holdNextCommand { database.setFailing(true) }
            try await Self.fall(bench)
            #expect(await bench.server.supervisor.shutDown(limit: Nanoseconds.seconds(10)))
            #expect(await bench.server.supervisor.haltsOfThisProcess == (isKept ? [] : [.session(Self.key)]))
            if isKept { #expect(try HaltReserve(beside: path).left.map(\.entry.reason) == ["CONSECUTIVE_REJECTS"]) }
            await bench.end()
        }
    }

    @Test(arguments: [true, false])
    func
        `an operator who lifts a kill switch's halt before it is stored has the last word, whenever the process is killed`(
            _ isKept: Bool
        ) async throws
    {
        try await Self.withReserve { bench, path in
            try await Self.quoteWithKillSwitch(bench)
            let database = bench.server.database
            if isKept { database.holdNextCommand { database.setFailing(true) } }
            try await Self.fall(bench)
            if isKept {
                try await bench.server.wait("it is kept") { try HaltReserve(beside: path).left.count == 1 }
            }
            // As it lies there when the process is killed before it can strike anything out.
            let left = try Data(contentsOf: URL(filePath: path + "-halts"))
            database.setFailing(false)
            try await Self.command(bench, .session(Self.key), .active)
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
            #expect(try await Self.entry(bench, .session(Self.key))?.state == .active)
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
            await bench.end()
            try left.write(to: URL(filePath: path + "-halts"))
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
        }
    }

    @Test func `a disk that hangs, reserve and all, keeps nobody from halting or looking`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/server.db"
        let time = SystemTime()
        let exchange = TestExchange(TestInstrument.btc, time: time, acceptanceWindow: 0)
        let (reserve, gate) = (try HaltReserve(beside: path), DispatchSemaphore(value: 0))
        let server = try await TestServer(exchange, .sqlite(path: path), time: time, haltReserve: reserve)
        try await server.wait("reconciled") { await server.supervisor.isReconciled }
        reserve.thread.async { gate.wait() }
        let (held, release) = (Signal(), Signal())
        server.database.holdNextCommand {
            held.raise()
            await release.wait()
        }
        let halting = [TradingScope.account("paper/default"), .server].map { scope in
            Task { try await server.supervisor.setTradingState(.init(scope: scope, state: .halted, reason: "drill")) }
        }
        await held.wait()
        try await server.wait("both hold, and are told as what they are") {
            let states = try await server.supervisor.tradingStates().filter { $0.state == .halted }
            return states.count == 2 && states.allSatisfy { !$0.isStored }
        }
        #expect(await server.supervisor.health().faults.filter { $0.contains("not stored yet") }.count == 2)
        release.raise()
        for task in halting { try await task.value }
        gate.signal()
        try await server.wait("what was stored is not kept") { try HaltReserve(beside: path).left.isEmpty }
        await server.kill()
    }

    @Test(arguments: [true, false])
    func `a kill switch's halt that the store does not take outlives a kill, too`(_ isClockAhead: Bool) async throws {
        try await Self.withReserve { bench, path in
            try await bench.quote(TestInstrument.body(more: ",\"maximumDrawdown\":1"))
            try await Self.command(bench, .session(Self.key), .active)
            if isClockAhead {
                try await Self.setClockAhead(bench)
                try await bench.restart()
                bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            }
            let (exchange, server) = (bench.exchange, bench.server)
            let bid = try #require(exchange.open.first { $0.request.side == .buy })
            exchange.fill(bid.request.id)
            try await server.wait("the fill is booked") {
                try await server.supervisor.fills(strategyKey: Self.key, after: 0, limit: 9).count == 1
            }
            try await server.wait("it quotes anew") { exchange.open.count == 4 }
            // What lingers is stored: nothing but the halt is to meet the full disk.
            let looks = Mutex((count: 0, commits: 0))
            try await server.wait("nothing more is stored") {
                looks.withLock { looks in
                    let commits = server.database.commitCount
                    looks = (looks.commits == commits ? looks.count + 1 : 0, commits)
                    return looks.count > 50
                }
            }
            server.database.setFailing(true)
            exchange.market(bid: 2_999_900, ask: 3_000_100)
            try await server.wait("halted") { try await server.supervisor.inspect(Self.key).state == .halted }
            try await server.wait("it is kept") { try HaltReserve(beside: path).left.count == 1 }
            try await bench.restart()
            exchange.market(bid: 5_999_800, ask: 6_000_200)
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
            #expect(exchange.open.isEmpty)
            try await bench.server.wait("it is stored, and struck out") {
                try HaltReserve(beside: path).left.isEmpty
            }
            try await Self.command(bench, .session(Self.key), .active)
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
        }
    }

    @Test func `a halt that the store says nothing of is kept, and answered, while it still waits`() async throws {
        try await Self.withReserve { bench, path in
            try await bench.quote()
            let (held, release) = (Signal(), Signal())
            bench.server.database.holdNextCommand {
                held.raise()
                await release.wait()
            }
            // Two scopes: the second waits behind the first.
            try await Self.command(bench, .account("paper/default"), .halted)
            await held.wait()
            try await Self.command(bench, .server, .halted)
            #expect(try HaltReserve(beside: path).left.map(\.entry.scope) == [.account("paper/default"), .server])
            let states = try await bench.server.supervisor.tradingStates().filter { $0.state == .halted }
            #expect(states.count == 2 && states.allSatisfy(\.isStored))
            // As after a kill: what waits is never stored.
            bench.server.database.setFailing(true)
            release.raise()
            try await bench.restart()
            for scope in [TradingScope.account("paper/default"), .server] {
                #expect(try await Self.entry(bench, scope)?.state == .halted)
            }
            try await bench.server.wait("nothing rests") { [exchange = bench.exchange] in exchange.open.isEmpty }
        }
    }

    @Test func `a halt on a full disk while no server runs holds at the next start, and a resume lifts it`()
        async throws
    {
        try await Self.withReserve { bench, path in
            try await bench.quote()
            await bench.end()
            let halt = TradingStateChange(scope: .server, state: .halted, reason: "no disk")
            func keep() async throws {
                let database = try await Databases.open(.sqlite(path: path))
                try await OfflineTradingState.keep(
                    halt, in: try HaltReserve(beside: path), beside: database, keyed: [],
                    now: Timestamp(nanoseconds: 1))
                await database.close()
            }
            try await keep()
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
            try await bench.server.wait("it is stored, and struck out") { try HaltReserve(beside: path).left.isEmpty }
            // Kept once more, and lifted while no server runs.
            await bench.end()
            try await keep()
            let database = try await Databases.open(.sqlite(path: path))
            try await OfflineTradingState.set(
                .init(scope: .server, state: .active, reason: "over"), in: database, keyed: [],
                reserve: try HaltReserve(beside: path), time: SteppedTime(Timestamp(nanoseconds: 2)))
            await database.close()
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
        }
    }

    @Test func `what the database has is struck out, and the rest stays`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.db"
        let halts = ["one", "two"].map { key in
            TradingStateEntry(
                scope: .session(key), state: .halted, reason: "drill", setBy: "kill switch",
                setAt: Timestamp(nanoseconds: 5), isStored: false)
        }
        let reserve = try HaltReserve(beside: path)
        for halt in halts { try reserve.keep(halt) }
        try reserve.strikeOut([halts[0]])
        #expect(try HaltReserve(beside: path).left.map(\.entry) == [halts[1]])
        // The next process knows as much as this one.
        let next = try HaltReserve(beside: path)
        try next.keep(halts[0])
        try next.strikeOut([halts[1]])
        #expect(try HaltReserve(beside: path).left.map(\.entry) == [halts[0]])
        try next.strikeOut([halts[0]])
        #expect(try HaltReserve(beside: path).left.isEmpty)
    }

    @Test func `what cannot be read of what was kept halts everything`() async throws {
        try await Self.withReserve { bench, path in
            try await bench.quote()
            await bench.end()
            let file = URL(filePath: path + "-halts")
            var bytes = try Data(contentsOf: file)
            bytes.replaceSubrange(0..<12, with: [40, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
            try bytes.write(to: file)
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .halted)
            #expect(try await Self.entry(bench, .server)?.reason.contains("cannot be read") == true)
            try await bench.server.wait("nothing rests") { [exchange = bench.exchange] in exchange.open.isEmpty }
            try await Self.command(bench, .server, .active)
            try await bench.restart()
            #expect(try await bench.server.supervisor.inspect(Self.key).state == .active)
        }
    }

    @Test
    func `what was kept is read also from a file that was cut short, and one that cannot be read is not passed over`()
        throws
    {
        let folder = try TemporaryFolder()
        let (path, file) = (folder.path + "/x.db", URL(filePath: folder.path + "/x.db-halts"))
        let halt = TradingStateEntry(
            scope: .server, state: .halted, reason: "drill", setBy: "operator", setAt: Timestamp(nanoseconds: 5),
            isStored: false)
        try HaltReserve(beside: path).keep(halt)
        try Data(contentsOf: file).prefix(200).write(to: file)
        #expect(try HaltReserve(beside: path).left.map(\.entry) == [halt])
        try FileManager.default.removeItem(at: file)
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        let fault = #expect(throws: HaltReserve.Failure.self) { _ = try HaltReserve(beside: path) }
        #expect(fault?.holdsNothing == false)
        let nowhere = #expect(throws: HaltReserve.Failure.self) {
            _ = try HaltReserve(beside: folder.path + "/no/x.db")
        }
        #expect(nowhere?.holdsNothing == true)
    }

    @Test func `where there is no more room it is said, and the halt holds`() async throws {
        try await Self.withReserve { bench, path in
            try await bench.quote()
            let reserve = try HaltReserve(beside: path)
            let reason = String(repeating: "x", count: 10_000)
            let entry = TradingStateEntry(
                scope: .server, state: .halted, reason: reason, setBy: "operator", setAt: Timestamp(nanoseconds: 0))
            #expect(throws: ReservedRoomFailure.self) { while true { try reserve.keep(entry) } }
            try await bench.restart()
            bench.server.database.setFailing(true)
            try await Self.command(bench, .server, .halted)
            #expect(try await Self.entry(bench, .server)?.state == .halted)
        }
    }
}
