import Dispatch
import Execution
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Servers that share a database: one trades, and another only when that one is dead, has ended, or was shut out.
@Suite(.timeLimit(.minutes(10))) struct TradingLeaseTests {
    private final class Losses: Sendable {
        private let number = Mutex(0)
        var count: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }

    /// One server's lease, on a clock of its own that only the test moves.
    private struct Node {
        let time: SteppedTime
        let registry = ScheduleRegistry()
        let losses = Losses()
        let lease: TradingLease
        let fenced: FencedDatabase

        init(_ name: String, _ database: any SQLDatabase, clock seconds: Int64 = 1_700_000_000) {
            time = SteppedTime(Timestamp(nanoseconds: seconds * Nanoseconds.perSecond))
            lease = TradingLease(
                database, node: name, time: time, registry: registry,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            ) { [losses] in losses.add() }
            fenced = FencedDatabase(database: database, lease: lease)
        }

        var looks: Int { registry.reports.first { $0.name == "trading lease" }?.runCount ?? 0 }

        /// One interval of its clock, and what it does then.
        func step() async throws {
            let before = looks
            time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await TradingLeaseTests.look { looks != before }
        }

        /// Until it has looked for the first time.
        func begin(_ work: @escaping @Sendable (TradingLease) async -> Void) async throws -> Task<Void, Never> {
            let (before, lease) = (looks, lease)
            let task = Task { await work(lease) }
            try await TradingLeaseTests.look { looks != before }
            return task
        }
    }

    /// Looks until other tasks have come that far; between two looks it lets go of its thread.
    private static func look(_ isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(1)) }
    }

    private static let acquires: @Sendable (TradingLease) async -> Void = { _ = await $0.acquire() }
    private static let keeps: @Sendable (TradingLease) async -> Void = { await $0.keep() }

    private func onEveryEngine(_ body: (any SQLDatabase) async throws -> Void) async throws {
        for engine in DatabaseEngine.available { try await withTemporaryDatabase(engine, TestServer.migrations, body) }
    }

    @Test func `one of many that start at once trades, and the others name it`() async throws {
        try await onEveryEngine { database in
            let nodes = (0..<8).map { Node("node \($0)", database) }
            var tasks: [Task<Void, Never>] = []
            for node in nodes { tasks.append(Task { await Self.acquires(node.lease) }) }
            try await Self.look {
                for node in nodes where !node.lease.isHeld { node.time.advance(byNanoseconds: 1_000_000) }
                return nodes.allSatisfy { $0.lease.isHeld || $0.lease.otherHolder != nil }
            }
            let holders = nodes.indices.filter { nodes[$0].lease.isHeld }
            #expect(holders.count == 1)
            let name = "node \(holders.first ?? -1)"
            #expect(nodes.compactMap(\.lease.otherHolder) == Array(repeating: name, count: 7))
            for task in tasks { task.cancel() }
        }
    }

    // MARK: - Commands beside it

    private static func set(_ state: TradingState, _ database: any SQLDatabase, _ time: any TimeSource) async throws {
        try await OfflineTradingState.set(
            TradingStateChange(scope: .server, state: state, reason: "drill"), in: database, keyed: [],
            sharedPace: TradingLease.Pace(), time: time)
    }

    private static func stored(_ database: any SQLDatabase) async throws -> [TradingState] {
        try await database.read { try TradingStateStore(transaction: $0).all().map(\.state) }
    }

    @Test func `what is commanded while a server elsewhere trades is refused, naming it, and nothing is stored`()
        async throws
    {
        try await onEveryEngine { database in
            let node = Node("a", database)
            _ = await node.lease.acquire()
            let (keeping, time) = (try await node.begin(Self.keeps), SteppedTime())
            let isOver = Mutex(false)
            let command = Task {
                defer { isOver.withLock { $0 = true } }
                try await Self.set(.halted, database, time)
            }
            try await Self.look {
                // Both clocks go on, each in its own time.
                node.time.advance(byNanoseconds: Nanoseconds.milliseconds(100))
                if time.isAwaited(withinNanoseconds: Nanoseconds.seconds(1)) {
                    time.advance(byNanoseconds: Nanoseconds.milliseconds(100))
                }
                return isOver.withLock { $0 }
            }
            await #expect(throws: DeskError.notReady("server a trades on this database: command it there")) {
                try await command.value
            }
            #expect(try await Self.stored(database) == [])
            keeping.cancel()
            await keeping.value
            // It has ended as it should: nobody has to be waited for.
            await node.lease.release()
            try await Self.set(.halted, database, SteppedTime())
            #expect(try await Self.stored(database) == [.halted])
        }
    }

    @Test
    func `of a dead server it waits for the length of its lease; whoever takes over meanwhile is told of instead`()
        async throws
    {
        try await onEveryEngine { database in
            let node = Node("a", database)
            _ = await node.lease.acquire()
            for isTakenOver in [false, true] {
                let time = SteppedTime()
                let isOver = Mutex(false)
                let command = Task {
                    defer { isOver.withLock { $0 = true } }
                    try await Self.set(isTakenOver ? .active : .halted, database, time)
                }
                for second in 1...5 {
                    try await Self.look { time.isAwaited(withinNanoseconds: Nanoseconds.seconds(1)) }
                    #expect(!isOver.withLock { $0 })
                    if isTakenOver, second == 5 {
                        _ = try await database.write { transaction in
                            let store = TradingLeaseStore(transaction: transaction)
                            return try store.take(try store.look(), node: "b", now: time.now())
                        }
                    }
                    time.advance(byNanoseconds: Nanoseconds.seconds(1))
                }
                if isTakenOver {
                    await #expect(throws: DeskError.notReady("server b trades on this database: command it there")) {
                        try await command.value
                    }
                } else {
                    try await command.value
                }
                #expect(try await Self.stored(database) == [.halted])
            }
        }
    }

    /// Their clocks are a year apart, which nobody notices.
    @Test(arguments: [1_700_000_000, 1_731_536_000, 1_668_464_000] as [Int64])
    func `whoever lives keeps it; one whose beat stands still for its length has lost it`(_ clock: Int64) async throws {
        try await onEveryEngine { database in
            let (first, second) = (Node("a", database), Node("b", database, clock: clock))
            _ = await first.lease.acquire()
            let keeping = try await first.begin(Self.keeps)
            let waiting = try await second.begin(Self.acquires)
            for _ in 0..<20 {
                try await first.step()
                try await second.step()
            }
            #expect(first.lease.isHeld && !second.lease.isHeld)
            #expect(second.lease.standing == "standing by: server a trades on this database")
            // It is paused, or cut off. The look after the last beat is the first of five seconds.
            for _ in 0..<5 {
                #expect(!second.lease.isHeld)
                try await second.step()
            }
            await waiting.value
            #expect(second.lease.isHeld)
            // It wakes, believes in its term, and can store nothing; the first attempt tells it.
            #expect(first.lease.isHeld && first.losses.count == 0)
            await #expect(throws: NotTrading.self) {
                try await first.fenced.write { transaction in
                    _ = try transaction.execute("UPDATE trading_lease_beats SET beat = 1000")
                }
            }
            #expect(try await database.read { try TradingLeaseStore(transaction: $0).look().beat } < 1_000)
            #expect(first.losses.count == 1 && !first.lease.isHeld)
            try await second.fenced.write { _ = try $0.execute("UPDATE trading_lease_beats SET beat = 1000") }
            keeping.cancel()
        }
    }

    /// An operator's `SELECT … FOR UPDATE` on the beat: it stands still, and its holder lives.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `a beat whose row is locked is no dead server's`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            let (stranger, database) = (try await Databases.open(place), try await Databases.open(place))
            try await Migrator(TestServer.migrations).migrate(database)
            let first = Node("a", database)
            _ = await first.lease.acquire()
            let sight = try await database.read { try TradingLeaseStore(transaction: $0).look() }
            let (isLocked, release) = (Signal(), DispatchSemaphore(value: 0))
            let lock = Task {
                try await stranger.write { transaction in
                    _ = try transaction.row("SELECT id FROM trading_lease_beats FOR UPDATE")
                    isLocked.raise()
                    release.wait()
                }
            }
            await isLocked.wait()
            guard case .postgres(let url) = place else { return }
            var options = PostgresOptions(url: url)
            options.patience = .milliseconds(300)
            let other = try await PostgresDatabase.open(options)
            let taken = try await other.write {
                try TradingLeaseStore(transaction: $0).take(sight, node: "b", now: Timestamp(nanoseconds: 0))
            }
            #expect(taken == nil)
            try await first.fenced.write { _ = try $0.row("SELECT 1") }
            release.signal()
            try await lock.value
            #expect(first.lease.isHeld)
            for database in [stranger, database, other] as [any SQLDatabase] { await database.close() }
        }
    }

    @Test func `time in which the database cannot be read is no stillness of the holder`() async throws {
        try await onEveryEngine { database in
            let observed = ObservedDatabase(database)
            let (first, second) = (Node("a", database), Node("b", observed))
            _ = await first.lease.acquire()
            let waiting = try await second.begin(Self.acquires)
            observed.setUnreadable(true)
            for _ in 0..<10 { try await second.step() }
            observed.setUnreadable(false)
            // Back, it is seen for the first time, and again and again; the holder's first beat comes in time.
            for _ in 0..<4 { try await second.step() }
            #expect(!second.lease.isHeld)
            let keeping = try await first.begin(Self.keeps)
            for _ in 0..<4 { try await second.step() }
            #expect(!second.lease.isHeld && first.lease.isHeld && first.losses.count == 0)
            for task in [waiting, keeping] { task.cancel() }
        }
    }

    /// An outage does not make looks fail: they wait for the database to be back, and the next one is overdue by then.
    @Test func `time in which a look waited for the database is no stillness of the holder`() async throws {
        try await onEveryEngine { database in
            let observed = ObservedDatabase(database)
            let (first, second) = (Node("a", database), Node("b", observed))
            _ = await first.lease.acquire()
            let waiting = try await second.begin(Self.acquires)
            observed.holdNextRead { [time = second.time] in time.advance(byNanoseconds: Nanoseconds.seconds(7)) }
            for _ in 0..<5 where !second.lease.isHeld { try await second.step() }
            #expect(!second.lease.isHeld)
            let keeping = try await first.begin(Self.keeps)
            for _ in 0..<4 { try await second.step() }
            #expect(!second.lease.isHeld && first.lease.isHeld && first.losses.count == 0)
            for task in [waiting, keeping] { task.cancel() }
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `a lock on the beat's row that ends at any moment costs nobody the lease`() async throws {
        for steps in [4, 5, 6, 7] {
            try await withTemporaryPlace(.postgres) { place in
                let databases = [
                    try await Databases.open(place), try await Databases.open(place), try await Databases.open(place),
                ]
                try await Migrator(TestServer.migrations).migrate(databases[0])
                let (first, second) = (Node("a", databases[0]), Node("b", databases[1]))
                _ = await first.lease.acquire()
                let waiting = try await second.begin(Self.acquires)
                let (isLocked, release) = (Signal(), DispatchSemaphore(value: 0))
                let lock = Task {
                    try await databases[2].write { transaction in
                        _ = try transaction.row("SELECT id FROM trading_lease_beats FOR UPDATE")
                        isLocked.raise()
                        release.wait()
                    }
                }
                await isLocked.wait()
                // The holder beats no more: it could not, and whoever waits sees why.
                for _ in 0..<steps { try await second.step() }
                release.signal()
                try await lock.value
                // Before the holder's next beat.
                try await second.step()
                #expect(!second.lease.isHeld && first.lease.isHeld, "after \(steps) steps")
                // One that is really silent is followed, in the time after which it is.
                for _ in 0..<7 where !second.lease.isHeld { try await second.step() }
                #expect(second.lease.isHeld)
                waiting.cancel()
                for database in databases { await database.close() }
            }
        }
    }

    @Test func `one that was passed over is told by its next beat`() async throws {
        try await onEveryEngine { database in
            let (first, second) = (Node("a", database), Node("b", database))
            _ = await first.lease.acquire()
            let keeping = try await first.begin(Self.keeps)
            let waiting = try await second.begin(Self.acquires)
            for _ in 0..<6 where !second.lease.isHeld { try await second.step() }
            await waiting.value
            try await first.step()
            await keeping.value
            #expect(first.losses.count == 1 && first.lease.term == nil)
            #expect(first.lease.standing == "another server trades on this database now")
        }
    }

    @Test func `one that has ended is followed at once, and its end is no loss`() async throws {
        try await onEveryEngine { database in
            let (first, second) = (Node("a", database), Node("b", database))
            _ = await first.lease.acquire()
            let keeping = try await first.begin(Self.keeps)
            let waiting = try await second.begin(Self.acquires)
            #expect(!second.lease.isHeld)
            await first.lease.release()
            try await second.step()
            await waiting.value
            #expect(second.lease.isHeld)
            first.time.advance(byNanoseconds: Nanoseconds.seconds(2))
            await keeping.value
            #expect(first.losses.count == 0)
            await #expect(throws: NotTrading.self) { try await first.fenced.write { _ in } }
        }
    }

    /// A transaction that began in the old term and commits in the new one would be the one gap in the fence.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `a transaction that is under way while another takes over does not commit beside it`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            let (mine, other) = (try await Databases.open(place), try await Databases.open(place))
            _ = try await Migrator(TestServer.migrations).migrate(mine)
            let (first, second) = (Node("a", mine), Node("b", other))
            _ = await first.lease.acquire()
            let attempts = Mutex(0)
            let isTaken = Mutex(false)
            let underWay = Task {
                try await first.fenced.write { transaction in
                    attempts.withLock { $0 += 1 }
                    // The question has been put: from here on only the commit can notice.
                    _ = try transaction.rows("SELECT 1")
                    while !isTaken.withLock({ $0 }) {}
                    try Self.addOrder(transaction)
                }
            }
            try await Self.look { attempts.withLock { $0 } > 0 }
            let waiting = try await second.begin(Self.acquires)
            for _ in 0..<6 where !second.lease.isHeld { try await second.step() }
            await waiting.value
            // Read as a start reads it. What the new term finds is what there will ever be of the old one.
            let found = try await other.read { try $0.rows("SELECT client_order_id FROM orders").count }
            isTaken.withLock { $0 = true }
            await #expect(throws: NotTrading.self) { try await underWay.value }
            let after = try await other.read { try $0.rows("SELECT client_order_id FROM orders").count }
            #expect(found == after)
            await mine.close()
            await other.close()
        }
    }

    private static func addOrder(_ transaction: any SQLTransaction) throws {
        try transaction.execute(
            """
            INSERT INTO strategy_instances (id, strategy_key, user_id, client_id, strategy_type, exchange, account_label,
                symbol, status, parameters_version, run, created_at, updated_at)
            VALUES (1, 'k', 'u', 'c', 'pureMarketMaking', 'paper', 'default', 'BTC/USDT', 'running', 1, 1, 0, 0)
            """)
        try transaction.execute(
            """
            INSERT INTO orders (client_order_id, instance_id, run, parameters_version, exchange, account_label, symbol, side,
                level, ticks, lots, price, quantity, is_post_only, status, created_at, updated_at)
            VALUES (1, 1, 1, 1, 'paper', 'default', 'BTC/USDT', 'buy', 0, 1, 1, '1', '1', 1, 'pending', 0, 0)
            """)
    }

    // MARK: - Servers

    /// Two servers on one PostgreSQL and one exchange account; the clock of the second one's lease stands until moved.
    private func withTwoServers(
        _ body: (TestExchange, _ first: TestServer, _ second: TestServer, Node, Node) async throws -> Void
    ) async throws {
        try await withTemporaryPlace(.postgres) { place in
            let exchange = TestExchange(TestInstrument.btc, time: SystemTime())
            let mine = try await Databases.open(place)
            _ = try await Migrator(TestServer.migrations).migrate(mine)
            let (a, b) = (Node("a", mine), Node("b", mine))
            let first = try await TestServer(exchange, place, time: SystemTime(), lease: { _, _ in a.lease })
            try await first.wait("the first trades") { await first.supervisor.isReconciled }
            let second = try await TestServer(exchange, place, time: SystemTime(), lease: { _, _ in b.lease })
            do {
                try await second.wait("the second looked") { b.lease.otherHolder == "a" }
                // A beat between two looks: it lives.
                try await a.step()
                try await b.step()
                #expect(b.lease.livingHolder == "a")
                try await body(exchange, first, second, a, b)
            } catch {
                await first.kill()
                await second.kill()
                throw error
            }
            await first.kill()
            await second.kill()
            await mine.close()
        }
    }

    private static let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)

    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `of two servers one trades, the other refuses commands naming it, and takes over when it is killed`()
        async throws
    {
        try await withTwoServers { exchange, first, second, _, b in
            let refusal = DeskError.notReady("server a trades on this database: command it there")
            await #expect(throws: refusal) {
                _ = try await second.supervisor.startPureMarketMaking(TestInstrument.body())
            }
            _ = try await first.supervisor.startPureMarketMaking(TestInstrument.body())
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await first.wait("four orders rest") { exchange.open.count == 4 }
            await #expect(throws: refusal) { _ = try await second.supervisor.stop(Self.key) }
            await #expect(throws: refusal) {
                try await second.supervisor.setTradingState(.init(scope: .server, state: .halted, reason: "r"))
            }
            #expect(
                await second.supervisor.health().faults == ["standing by: server a trades on this database"])
            #expect(await second.supervisor.executors.isEmpty)
            // Its key must not be taken away here either.
            #expect(
                await second.supervisor.users(of: "paper/default")
                    == ["strategy u1-c1-pureMarketMaking runs", "paper/default/BTC/USDT has live orders"])
            await first.kill()
            exchange.state.withLock { ($0.marketSinks, $0.accountSinks) = ([:], [:]) }
            let resting = exchange.open.map(\.request.id)
            for _ in 0..<6 where !b.lease.isHeld { try await b.step() }
            try await second.wait("the second trades") { await second.supervisor.isReconciled }
            #expect(await second.supervisor.health().faults == [])
            // The same four orders: none doubled, none lost.
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            #expect(exchange.open.map(\.request.id) == resting)
            #expect(exchange.state.withLock { $0.duplicates } == [])
            try await second.wait("stopped") { try await second.supervisor.stop(Self.key).status == .stopped }
            #expect(exchange.open.isEmpty)
        }
    }

    /// A third server whose lease looks through the server's own database, on a clock that stands until moved.
    private final class Latecomer: Sendable {
        let time = SteppedTime(Timestamp(nanoseconds: 1_700_000_000 * Nanoseconds.perSecond))
        private let lease = Mutex<TradingLease?>(nil)

        var holder: String? { lease.withLock { $0 }?.otherHolder }
        var livingHolder: String? { lease.withLock { $0 }?.livingHolder }

        func join(_ database: any SQLDatabase, _ registry: ScheduleRegistry) -> TradingLease {
            let joined = TradingLease(
                database, node: "c", time: time, registry: registry,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            ) {}
            lease.withLock { $0 = joined }
            return joined
        }
    }

    private static let halt = TradingStateChange(scope: .server, state: .halted, reason: "drill")

    /// Taken there it would stop nothing, for its orders are the other's.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `a halt at a server that does not know yet who trades is refused as soon as it knows`() async throws {
        try await withTwoServers { exchange, _, second, a, _ in
            let (looked, released) = (Signal(), Signal())
            let c = Latecomer()
            let clock = SteppedTime()
            let third = try await TestServer(
                exchange, second.place, time: clock, lease: { c.join($0, $1) }
            ) { database in
                database.holdNextRead {
                    looked.raise()
                    await released.wait()
                }
            }
            await looked.wait()
            #expect(c.holder == nil)
            async let refused: DeskError? = {
                do throws(DeskError) {
                    try await third.supervisor.setTradingState(Self.halt)
                    return nil
                } catch { return error }
            }()
            // It waits to hear who trades.
            try await Self.look { clock.isAwaited(withinNanoseconds: 10 * Nanoseconds.perMillisecond) }
            released.raise()
            try await Self.look { c.holder == "a" }
            try await a.step()
            c.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await Self.look { c.livingHolder == "a" }
            clock.advance(byNanoseconds: 10 * Nanoseconds.perMillisecond)
            #expect(await refused == .notReady("server a trades on this database: command it there"))
            #expect(await third.supervisor.haltsOfThisProcess.isEmpty)
            await third.kill()
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `a halt while nobody can know who trades holds here, and says what it does not reach`() async throws {
        try await withTwoServers { exchange, _, second, a, _ in
            let c = Latecomer()
            let third = try await TestServer(
                exchange, second.place, time: SystemTime(), lease: { c.join($0, $1) }
            ) { $0.setUnreadable(true) }
            try await third.supervisor.setTradingState(Self.halt)
            let entry = try #require(try await third.supervisor.tradingStates().first { $0.scope == .server })
            #expect(entry.state == .halted && !entry.isStored)
            #expect(
                entry.uncancelled == ["every account: whether another server trades on this database is not known yet"])
            // The database is back: it is no halt of what the other trades, and says so.
            third.database.setUnreadable(false)
            c.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await third.wait("it knows who") { c.holder == "a" }
            try await a.step()
            c.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await third.wait("it knows that it lives") { c.livingHolder == "a" }
            let later = try #require(try await third.supervisor.tradingStates().first { $0.scope == .server })
            #expect(later.uncancelled == ["every account: standing by: server a trades on this database"])
            await third.kill()
        }
    }

    /// In the database the holder is the server that was killed: nobody else is there to be commanded.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `a halt right after a lone server was started again holds, and is stored with the lease`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            let exchange = TestExchange(TestInstrument.btc, time: SystemTime())
            let mine = try await Databases.open(place)
            _ = try await Migrator(TestServer.migrations).migrate(mine)
            let (before, after) = (Node("a", mine), Node("a", mine))
            let first = try await TestServer(exchange, place, time: SystemTime(), lease: { _, _ in before.lease })
            try await first.wait("it trades") { await first.supervisor.isReconciled }
            _ = try await first.supervisor.startPureMarketMaking(TestInstrument.body())
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await first.wait("four orders rest") { exchange.open.count == 4 }
            await first.kill()
            exchange.state.withLock { ($0.marketSinks, $0.accountSinks) = ([:], [:]) }

            let clock = SteppedTime(SystemTime().now())
            let again = try await TestServer(exchange, place, time: clock, lease: { _, _ in after.lease })
            try await Self.look { after.lease.otherHolder == "a" }
            let standing = try #require(after.lease.standing)
            #expect(standing.contains("server a, this one before or another of its name, held trading"))
            // Whoever was killed may have been another of that name, so nothing begins here yet.
            await #expect(throws: DeskError.notReady(standing)) {
                _ = try await again.supervisor.startPureMarketMaking(TestInstrument.body())
            }
            let isTaken = Mutex(false)
            let halt = Task {
                defer { isTaken.withLock { $0 = true } }
                try await again.supervisor.setTradingState(Self.halt)
            }
            try await Self.look {
                clock.advance(byNanoseconds: 10 * Nanoseconds.perMillisecond)
                return isTaken.withLock { $0 }
            }
            try await halt.value
            let entry = try #require(try await again.supervisor.tradingStates().first { $0.scope == .server })
            #expect(entry.state == .halted && !entry.isStored)
            #expect(entry.uncancelled == ["every account: \(standing)"])

            for _ in 0..<6 where !after.lease.isHeld { try await after.step() }
            try await again.wait("its orders are off and the halt is stored") {
                clock.advance(byNanoseconds: 10 * Nanoseconds.perMillisecond)
                let entry = try await again.supervisor.tradingStates().first { $0.scope == .server }
                return exchange.open.isEmpty && entry?.state == .halted && entry?.isStored == true
            }
            #expect(after.losses.count == 0)
            await again.kill()
            await mine.close()
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `one that was passed over while it trades places nothing more, and is told`() async throws {
        try await withTwoServers { exchange, first, second, a, b in
            _ = try await first.supervisor.startPureMarketMaking(TestInstrument.body())
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await first.wait("four orders rest") { exchange.open.count == 4 }
            // The second's strategies are not what is looked at here.
            let taking = Node("c", second.database)
            let waiting = try await taking.begin(Self.acquires)
            for _ in 0..<6 where !taking.lease.isHeld { try await taking.step() }
            await waiting.value
            let placed = exchange.state.withLock { $0.placed.count }
            exchange.market(bid: 6_059_900, ask: 6_060_100)
            try await first.wait("it is told") { a.losses.count == 1 }
            exchange.market(bid: 6_119_900, ask: 6_120_100)
            let ids = try await second.database.read { transaction in
                try transaction.rows("SELECT client_order_id FROM orders").count
            }
            #expect(ids == placed)
            #expect(exchange.state.withLock { $0.placed.count } == placed)
            #expect(!b.lease.isHeld)
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `one that stands by ends without touching what another trades; one that trades lets the next begin at once`()
        async throws
    {
        try await withTwoServers { exchange, first, second, a, b in
            _ = try await first.supervisor.startPureMarketMaking(TestInstrument.body())
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await first.wait("four orders rest") { exchange.open.count == 4 }
            #expect(await second.supervisor.shutDown(limit: Nanoseconds.seconds(5)))
            #expect(exchange.open.count == 4 && a.lease.isHeld)
            let next = Node("c", second.database)
            let waiting = try await next.begin(Self.acquires)
            #expect(await first.supervisor.shutDown(limit: Nanoseconds.seconds(5)))
            #expect(exchange.open.isEmpty)
            try await next.step()
            await waiting.value
            #expect(next.lease.isHeld && a.losses.count == 0 && b.losses.count == 0)
        }
    }
}
