import Persistence
import Testing
import TradingCore

@testable import Jobs

@Suite struct SagaRunnerTests {
    private typealias Runner = SagaRunner<Counting, Notes>

    private let database: MemoryDatabase
    private var runner = Runner(Counting(), Notes())
    private let now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))

    init() async throws {
        database = try MemoryDatabase()
        try await Migrator(allMigrations).migrate(database)
        try database.transact {
            _ = try $0.execute("CREATE TABLE notes (note_key TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT")
            try runner.start("a", .init(step: .open), cause: "test", in: $0, now: now)
        }
    }

    @discardableResult
    private func send(_ event: Counting.Event, _ id: String, runner: Runner? = nil) throws -> SagaOutcome {
        try database.transact {
            try (runner ?? self.runner).send(event, eventID: id, to: "a", cause: "test", in: $0, now: now)
        }
    }

    private func show() throws -> (record: SagaRecord, history: [SagaHistoryEntry]) {
        try database.transact { try SagaStore(transaction: $0).show(kind: Counting.kind, id: "a") }
    }

    private func state() throws -> Counting.State { try Counting.state(from: show().record.state, version: 1) }

    private func count(_ table: String) throws -> Int {
        try database.transact { try $0.row("SELECT COUNT(*) AS n FROM \(raw: table)")?.get("n") ?? 0 }
    }

    private func store<Value>(_ body: (SagaStore) throws -> Value) throws -> Value {
        try database.transact { try body(SagaStore(transaction: $0)) }
    }

    // MARK: - Moving

    @Test func `a transition, its entries and its messages commit together, and its history tells it`() throws {
        #expect(try send(.add(5), "e1") == .moved(to: "open"))
        let (record, history) = try show()
        #expect(record.version == 2 && record.status == .running && record.step == "open")
        #expect(try state().sum == 5)
        #expect(history.map(\.kind) == [.started, .moved])
        #expect(history[1].event == #"{"add":{"_0":5}}"# && history[1].eventID == "e1" && history[1].cause == "test")
        #expect(history[1].commands == ["note(5)"] && history[1].at == now)
        let key: String? = try database.transact { try $0.row("SELECT note_key FROM notes")?.get("note_key") }
        #expect(key == "test.counting/a/2/0")
        #expect(try count("outbox_messages") == 1)
    }

    @Test func `when an effect fails nothing of the transition stays, and the event can be told again`() throws {
        #expect(throws: Notes.Refusal.self) { try send(.add(13), "e1") }
        #expect(try show().record.version == 1)
        #expect(try count("notes") == 0)
        #expect(try count("outbox_messages") == 0)
        #expect(try send(.add(1), "e1") == .moved(to: "open"))
    }

    @Test func `an event told again changes nothing, and under the same id another one is refused, naming both`() throws
    {
        try send(.add(5), "e1")
        #expect(try send(.add(5), "e1") == .repeated)
        #expect(
            throws: SagaError.eventConflict(
                kind: Counting.kind, id: "a", eventID: "e1", stored: #"{"add":{"_0":5}}"#, given: #"{"add":{"_0":6}}"#)
        ) { try send(.add(6), "e1") }
        #expect(try state().sum == 5)
        #expect(try show().record.version == 2)
    }

    @Test func `an event that is no news is recorded and changes nothing else`() throws {
        #expect(try send(.add(0), "e1") == .ignored("nothing to add"))
        #expect(try send(.add(0), "e1") == .repeated)
        let (record, history) = try show()
        #expect(record.step == "open" && history[1].kind == .ignored && history[1].reason == "nothing to add")
    }

    @Test func `a start told again is the same start, and another one is refused`() throws {
        func start(_ state: Counting.State, _ id: String = "a") throws -> Bool {
            try database.transact { try runner.start(id, state, cause: "test", in: $0, now: now) }
        }
        try send(.add(5), "e1")
        #expect(try !start(.init(step: .open)))
        #expect(try state().sum == 5)
        #expect(throws: SagaError.self) { try start(.init(step: .open, sum: 1)) }
        #expect(throws: SagaError.idLength(kind: Counting.kind, id: "")) { try start(.init(step: .open), "") }
        #expect(throws: SagaError.unknown(kind: Counting.kind, id: "b")) {
            try database.transact {
                try runner.send(.finish, eventID: "e", to: "b", cause: "test", in: $0, now: now)
            }
        }
    }

    @Test func `whoever read a saga before it moved moves nothing`() throws {
        let seen = try show().record
        try send(.add(5), "e1")
        #expect(throws: SagaError.moved(kind: Counting.kind, id: "a", expected: 1)) {
            try store {
                try $0.advance(
                    seen, to: .init(seen), .init(kind: .moved, cause: "late"), now)
            }
        }
        #expect(try show().history.count == 2)
    }

    @Test func `a table of transitions shows its dead ends`() {
        #expect(Counting.transitions.deadEnds.isEmpty)
        #expect(FundingSaga.transitions.deadEnds.isEmpty)
        let table = SagaTransitions<Counting.State.Step>([.open: [.waiting]], final: [.done])
        #expect(table.deadEnds == [.waiting])
    }

    // MARK: - Parking

    @Test func `a transition that is not declared parks the saga, with its event`() throws {
        try send(.wait(until: now.advanced(byNanoseconds: 1)), "e1")
        #expect(
            try send(.reopen, "e2") == .parked("no transition is declared from waiting to open"))
        let (record, history) = try show()
        #expect(record.status == .parked && record.step == "waiting")
        #expect(record.parkedReason == "no transition is declared from waiting to open")
        #expect(history.last?.isHeld == true)
        #expect(try store { try $0.stuck(now: now) }.map(\.id) == ["a"])
    }

    @Test func `an event that nobody can read any more parks it, and an operator passes over it`() throws {
        try send(.confuse, "e1")
        try send(.add(1), "e2")
        try send(.add(2), "e3")
        try database.transact {
            _ = try $0.execute("UPDATE saga_history SET event = '{\"gone\":{}}' WHERE event_id = 'e2'")
        }
        func retry() throws -> SagaOutcome {
            try database.transact {
                try Runner(Counting(isTaught: true), Notes()).retry("a", by: "ops", in: $0, now: now)
            }
        }
        for _ in 0..<2 {
            guard case .parked(let reason) = try retry() else {
                Issue.record("it went on without one of its events")
                return
            }
            #expect(reason.hasPrefix("an event cannot be read: "))
            #expect(try show().record.parkedReason == reason)
            #expect(try store { try $0.held(kind: Counting.kind, id: "a") }.map(\.eventID) == ["e2", "e3"])
        }
        let before = try state()
        let outcome = try database.transact {
            try runner.resolve("a", to: before, by: "ops", note: "e2 is void", in: $0, now: now)
        }
        #expect(outcome == .moved(to: "open"))
        #expect(try state().sum == before.sum + 2)
        #expect(try show().record.status == .running)
    }

    @Test func `what a parked saga is told waits in order, and is handled when an operator retries`() throws {
        #expect(try send(.confuse, "e1") == .parked("never heard of it"))
        #expect(try send(.add(1), "e2") == .held)
        #expect(try send(.add(2), "e3") == .held)
        #expect(try send(.add(1), "e2") == .repeated)
        #expect(try state().sum == 0)
        // Nothing has been learned: it parks again, and what waits keeps its place.
        func retry(_ runner: Runner) throws -> SagaOutcome {
            try database.transact { try runner.retry("a", by: "ops", in: $0, now: now) }
        }
        #expect(try retry(runner) == .parked("never heard of it"))
        #expect(try store { try $0.held(kind: Counting.kind, id: "a") }.map(\.eventID) == ["e1", "e2", "e3"])
        #expect(try retry(Runner(Counting(isTaught: true), Notes())) == .moved(to: "open"))
        #expect(try state().sum == 1_003)
        #expect(try store { try $0.held(kind: Counting.kind, id: "a") }.isEmpty)
        #expect(try count("notes") == 2)
        #expect(throws: SagaError.notParked(kind: Counting.kind, id: "a")) { try retry(runner) }
        #expect(try show().history.filter { $0.kind == .retried }.map(\.cause) == ["ops", "ops"])
    }

    @Test func `an operator resolves a parked saga by hand: the confusing event is dropped, the others are handled`()
        throws
    {
        try send(.confuse, "e1")
        try send(.add(7), "e2")
        let outcome = try database.transact {
            try runner.resolve(
                "a", to: .init(step: .open, sum: 100), commands: [.note(9)], by: "ops", note: "as agreed", in: $0,
                now: now)
        }
        #expect(outcome == .moved(to: "open"))
        #expect(try state().sum == 107)
        #expect(try count("notes") == 2)
        let resolved = try #require(try show().history.first { $0.kind == .resolved })
        #expect(resolved.cause == "ops" && resolved.reason == "as agreed" && resolved.commands == ["note(9)"])
        #expect(try send(.confuse, "e1") == .repeated)
    }

    @Test func `resolving through the registry takes the state as JSON`() throws {
        try send(.confuse, "e1")
        let saga = try SagaRegistry([runner]).operations(Counting.kind)
        _ = try database.transact {
            try saga.resolve(
                "a", stateJSON: #"{"step":"done","sum":3}"#, by: "ops", note: "over", in: $0, now: now)
        }
        #expect(try show().record.status == .finished)
        #expect(throws: SagaError.unknownKind("x")) { try SagaRegistry([runner]).operations("x") }
    }

    @Test func `a state that cannot be read parks the saga; one of a newer program is left to it`() throws {
        try database.transact { _ = try $0.execute(#"UPDATE sagas SET state = '{"sum":1}'"#) }
        guard case .parked(let reason) = try send(.add(1), "e1") else {
            Issue.record("it was not parked")
            return
        }
        #expect(reason.hasPrefix("its state cannot be read"))
        try database.transact {
            _ = try $0.execute(
                "UPDATE sagas SET schema_version = 2, status = 'running', parked_reason = NULL")
        }
        #expect(throws: SagaError.version(kind: Counting.kind, stored: 2, known: 1)) { try send(.add(2), "e2") }
    }

    // MARK: - Deadlines

    /// Runs the timeout jobs that are due.
    private func fireTimeouts(at moment: Timestamp, runner: Runner? = nil) throws -> Int {
        var handlers = JobHandlers()
        handlers.add(SagaTimeoutHandler(SagaRegistry([runner ?? self.runner])))
        let engine = JobEngine(handlers: handlers)
        return try database.transact { transaction in
            let worker = try JobWorkerStore(transaction: transaction)
                .register(node: "a", ownsDatabase: true, lease: .seconds(60), now: moment)
            let jobs = try JobStore(transaction: transaction)
                .claim(SagaTimeout.queue, limit: 10, worker: worker, now: moment).jobs
            for job in jobs { #expect(try engine.perform(job, now: moment, in: transaction) == .completed) }
            return jobs.count
        }
    }

    private func later(_ seconds: Int64) -> Timestamp { now.advanced(byNanoseconds: Nanoseconds.seconds(seconds)) }

    @Test func `a deadline is told when it passes, not earlier`() throws {
        try send(.wait(until: later(10)), "e1")
        #expect(try show().record.deadline == later(10))
        #expect(try fireTimeouts(at: later(9)) == 0)
        #expect(try fireTimeouts(at: later(10)) == 1)
        #expect(try show().record.status == .finished)
        #expect(try show().record.deadline == nil)
        #expect(try show().history.last?.cause == "deadline 2")
    }

    @Test func `a timeout of a deadline that was moved does nothing, and one that stands has one job`() throws {
        try send(.wait(until: later(10)), "e1")
        try send(.add(1), "e2")
        #expect(try count("jobs") == 1)
        try send(.wait(until: later(20)), "e3")
        #expect(try count("jobs") == 2)
        let version = try show().record.version
        #expect(try fireTimeouts(at: later(15)) == 1)
        #expect(try show().record.version == version)
        #expect(try fireTimeouts(at: later(20)) == 1)
        #expect(try show().record.status == .finished)
    }

    @Test func `a deadline that leads nowhere parks instead of being forgotten, or told for ever`() throws {
        let stubborn: [@Sendable (Counting.State) -> Transition<Counting.State, Counting.Command>] = [
            { _ in .ignore("not now") }, { .move(to: $0) },
        ]
        for (index, onDeadline) in stubborn.enumerated() {
            let runner = Runner(Counting(onDeadline: onDeadline), Notes())
            let id = "s\(index)"
            let deadline = later(10)
            _ = try database.transact {
                try runner.start(id, .init(step: .open, waitUntil: deadline), cause: "test", in: $0, now: now)
            }
            #expect(try fireTimeouts(at: deadline, runner: runner) == 1)
            let record = try store { try $0.record(kind: Counting.kind, id: id) }
            #expect(record.status == .parked)
            #expect(try fireTimeouts(at: later(100), runner: runner) == 0)
            // Taught better, an operator sets the same deadline off again.
            let better = Runner(Counting(), Notes())
            let moment = later(100)
            try database.transact { _ = try better.retry(id, by: "ops", in: $0, now: moment) }
            #expect(try fireTimeouts(at: moment, runner: better) == 1)
            #expect(try store { try $0.record(kind: Counting.kind, id: id) }.status == .finished)
        }
    }

    @Test func `a deadline that passes while the saga is parked is told after it goes on`() throws {
        try send(.wait(until: later(10)), "e1")
        try send(.confuse, "e2")
        #expect(try fireTimeouts(at: later(10)) == 1)
        #expect(try show().record.status == .parked)
        let (taught, moment) = (Runner(Counting(isTaught: true), Notes()), later(11))
        try database.transact { _ = try taught.retry("a", by: "ops", in: $0, now: moment) }
        #expect(try show().record.step == "waiting")
        #expect(try fireTimeouts(at: moment) == 1)
        #expect(try show().record.status == .finished)
        #expect(try state().sum == 1_000)
    }

    // MARK: - Views

    @Test func `operators see where sagas stand, page by page, and which are stuck`() throws {
        for id in ["b", "c", "d"] {
            let deadline: Timestamp? = id == "d" ? later(5) : nil
            _ = try database.transact {
                try runner.start(id, .init(step: .open, waitUntil: deadline), cause: "test", in: $0, now: now)
            }
        }
        try send(.finish, "e1")
        try database.transact {
            _ = try runner.send(.confuse, eventID: "e", to: "c", cause: "test", in: $0, now: now)
        }
        let kind = Counting.kind
        #expect(try store { try $0.list(kind: kind, limit: 2) }.map(\.id) == ["a", "b"])
        #expect(try store { try $0.list(kind: kind, after: "b", limit: 2) }.map(\.id) == ["c", "d"])
        #expect(try store { try $0.list(kind: kind, step: "open") }.map(\.id) == ["b", "c", "d"])
        #expect(try store { try $0.list(kind: kind, status: .running) }.map(\.id) == ["b", "d"])
        #expect(try store { try $0.list(kind: kind, step: "done", status: .finished) }.map(\.id) == ["a"])
        #expect(try store { try $0.stuck(now: later(60)) }.map(\.id) == ["c"])
        #expect(try store { try $0.stuck(now: later(66)) }.map(\.id) == ["c", "d"])
        #expect(
            try store { try $0.counts() } == [
                SagaCount(kind: kind, step: "open", status: .parked, count: 1),
                SagaCount(kind: kind, step: "open", status: .running, count: 2),
            ])
        #expect(try store { try $0.sweep(kind: kind, before: later(1)) } == 1)
        #expect(try store { try $0.find(kind: kind, id: "a") } == nil)
    }
}
