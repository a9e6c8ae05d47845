import Jobs
import Persistence
import TestSupport
import Testing
import TradingCore

/// What outbox, receipts and sagas promise to callers that come at once, on every engine.
@Suite struct EveryEngineTests {
    private static let migrations = allMigrations
    private let now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))

    @Test(arguments: DatabaseEngine.available)
    func `however many put into a lane at once, none is overtaken by one that was put later`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTwoNodes(engine) { database, other in
            let (writers, each) = (6, 15)
            var received: [OutboxLane: [OutboxMessage]] = [:]
            try await withThrowingTaskGroup { group in
                for writer in 0..<writers {
                    group.addTask {
                        for number in 0..<each {
                            _ = try await (writer % 2 == 0 ? database : other).write {
                                try Outbox(transaction: $0).put(
                                    topic: "t", key: "\(number % 2)", name: "\(writer)-\(number)", payload: [], now: now
                                )
                            }
                        }
                    }
                }
                // Two relays drain meanwhile.
                var count = 0
                while count < writers * each {
                    async let first = database.write { try Outbox(transaction: $0).claim(limit: 1, now: now) }
                    async let second = other.write { try Outbox(transaction: $0).claim(limit: 1, now: now) }
                    let batches = try await first + second
                    #expect(Set(batches.map(\.lane)).count == batches.count)
                    for batch in batches {
                        received[batch.lane, default: []] += batch.messages
                        count += batch.messages.count
                        let isOurs = try await database.write {
                            try Outbox(transaction: $0).acknowledge(batch, .sent(batch.messages.count), now: now)
                        }
                        #expect(isOurs)
                    }
                }
                try await group.waitForAll()
            }
            for (_, messages) in received {
                #expect(messages.map(\.number) == messages.map(\.number).sorted())
            }
            #expect(received.values.reduce(0) { $0 + $1.count } == writers * each)
            let metrics = try await database.read { try Outbox(transaction: $0).metrics() }
            #expect(metrics == OutboxMetrics())
        }
    }

    /// Two nodes on one database, where the engine takes two.
    private func withTwoNodes(
        _ engine: DatabaseEngine, _ body: (any SQLDatabase, any SQLDatabase) async throws -> Void
    ) async throws {
        try await withTemporaryPlace(engine) { place in
            let database = try await Databases.open(place)
            try await Migrator(Self.migrations).migrate(database)
            let other = engine == .postgres ? try await Databases.open(place) : database
            do { try await body(database, other) } catch { Issue.record(error) }
            await database.close()
            if engine == .postgres { await other.close() }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `operators list, retry, discard and sweep`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            let now = now
            let ids = try await database.write { transaction in
                try ["a", "b", "c"].map {
                    try Outbox(transaction: transaction).put(topic: "t", key: "k", name: $0, payload: [1, 2], now: now)
                }
            }
            let again = try await database.write {
                try Outbox(transaction: $0).put(topic: "t", key: "k", name: "a", payload: [1, 2], now: now)
            }
            #expect(again == ids[0])
            await #expect(throws: OutboxError.self) {
                try await database.write {
                    try Outbox(transaction: $0).put(topic: "t", key: "k", name: "a", payload: [9], now: now)
                }
            }
            try await database.write { transaction in
                let outbox = Outbox(transaction: transaction)
                let batch = try outbox.claim(now: now)[0]
                try outbox.acknowledge(batch, .refused(sent: 1, reason: "no"), now: now)
            }
            let lanes = try await database.read { try Outbox(transaction: $0).failingLanes() }
            #expect(lanes.map(\.pending) == [2] && lanes.map(\.isParked) == [true])
            #expect(try await database.write { try Outbox(transaction: $0).discard(ids[1], now: now) })
            let left = try await database.write { try Outbox(transaction: $0).claim(now: now) }
            #expect(left.map { $0.messages.map(\.id) } == [[ids[2]]])
            let late = now.advanced(byNanoseconds: 8 * Nanoseconds.perDay)
            #expect(try await database.write { try Outbox(transaction: $0).sweep(now: late) } == 2)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `an effect happens once though many try at once`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            let now = now
            _ = try await database.write { try $0.execute("CREATE TABLE effects (n INTEGER NOT NULL) STRICT") }
            let firsts = try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await database.write { transaction in
                            try Receipts(transaction: transaction).once(
                                consumer: "c", key: "k", content: "same", now: now
                            ) { _ = try transaction.execute("INSERT INTO effects (n) VALUES (1)") }
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(firsts == 1)
            let effects: Int? = try await database.read { try $0.row("SELECT COUNT(*) AS n FROM effects")?.get("n") }
            #expect(effects == 1)
            let later = now.advanced(byNanoseconds: 1)
            #expect(try await database.write { try Receipts(transaction: $0).sweep(consumer: "c", before: later) } == 1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `events of one saga that are told at once all count, each once`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            let (now, runner) = (now, SagaRunner(Counting(), Notes()))
            _ = try await database.write { transaction in
                try transaction.execute(
                    "CREATE TABLE notes (note_key TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT")
                try runner.start("a", .init(step: .open), cause: "test", in: transaction, now: now)
            }
            try await withThrowingTaskGroup { group in
                for number in 1...12 {
                    for _ in 0..<2 where number != 13 {
                        group.addTask {
                            _ = try await database.write {
                                try runner.send(
                                    .add(number), eventID: "e\(number)", to: "a", cause: "test", in: $0, now: now)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let shown = try await database.read {
                try SagaStore(transaction: $0).show(kind: Counting.kind, id: "a").record
            }
            #expect(try Counting.state(from: shown.state, version: 1).sum == 78)
            #expect(shown.version == 13)
            try await operate(runner, database)
        }
    }

    private func operate(_ runner: SagaRunner<Counting, Notes>, _ database: any SQLDatabase) async throws {
        let (now, kind) = (now, Counting.kind)
        let later = now.advanced(byNanoseconds: Nanoseconds.seconds(100))
        let outcomes = try await database.write { transaction in
            [
                try runner.send(.wait(until: later), eventID: "w", to: "a", cause: "test", in: transaction, now: now),
                try runner.send(.confuse, eventID: "c", to: "a", cause: "test", in: transaction, now: now),
                try runner.send(.add(1), eventID: "h", to: "a", cause: "test", in: transaction, now: now),
                try runner.retry("a", by: "ops", in: transaction, now: now),
                try runner.resolve(
                    "a", stateJSON: #"{"step":"waiting","sum":1}"#, by: "ops", note: "so be it", in: transaction,
                    now: now),
                try runner.deadlinePassed("a", version: 14, in: transaction, now: later),
                try runner.send(.finish, eventID: "f", to: "a", cause: "test", in: transaction, now: now),
            ]
        }
        #expect(
            outcomes == [
                .moved(to: "waiting"), .parked("never heard of it"), .held, .parked("never heard of it"),
                .moved(to: "waiting"), .stale, .moved(to: "done"),
            ])
        let (list, stuck, counts) = try await database.read { transaction in
            let store = SagaStore(transaction: transaction)
            return (
                try store.list(kind: kind, step: "done", status: .finished), try store.stuck(now: later),
                try store.counts()
            )
        }
        #expect(list.map(\.id) == ["a"] && stuck.isEmpty && counts.isEmpty)
        #expect(try await database.write { try SagaStore(transaction: $0).sweep(kind: kind, before: later) } == 1)
    }
}
