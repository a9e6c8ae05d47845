import Dispatch
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API
@testable import Jobs

/// What operators are told when something is not as it should be, or asked for wrongly.
@Suite struct DiagnosticsTests {
    struct Note: JobArguments {
        static let kind = "note"
        static let queue: QueueName = "notes"
    }

    private func with(
        _ api: TestAPI,
        _ body:
            @Sendable (@Sendable (HTTPRequest.Method, String, String?) async throws -> TestResponse) async throws ->
            Void
    ) async throws {
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            try await body { method, uri, text in
                try await client.execute(
                    uri: uri, method: method,
                    headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                    body: text.map { ByteBuffer(string: $0) })
            }
        }
    }

    // MARK: - Queues that nobody serves

    @Test func `a queue that only has jobs stored is listed with its backlog, and its jobs can be handled`()
        async throws
    {
        let api = try TestAPI()
        try await with(api) { send in
            let id = try api.database.transact { transaction in
                try JobStore(transaction: transaction).enqueue(Note(), now: api.time.now()).id
            }
            let health = try await send(.get, "/health/queues", nil)
            #expect(health.status == .ok, "\(health.text)")
            guard case .array(let queues) = try health.json(), queues.count == 3 else {
                Issue.record("\(health.text)")
                return
            }
            #expect(queues.map { $0["name"] } == [.string("payments"), .string("snapshots"), .string("notes")])
            #expect(queues.map { $0["isServed"] } == [.bool(true), .bool(true), .bool(false)])
            #expect(queues[2]["metrics"]?["waiting"] == .number("1"))
            #expect(queues[2]["status"] == .string("warning"))
            #expect(health.text.contains("No worker of this server takes jobs of this queue"))
            #expect(
                try await send(.get, "/health/prometheus", nil).text.contains(
                    #"mrmarket_jobs{queue="notes",state="ready"} 1"#))
            // Later it is work that nobody takes up, as anywhere.
            api.time.advance(byNanoseconds: Nanoseconds.seconds(31))
            let late = try await send(.get, "/health/queues", nil)
            #expect(late.status == .serviceUnavailable)
            let listed = try await send(.get, "/admin/jobs?queue=notes&state=ready", nil)
            #expect(listed.text.contains("\"id\":\"\(id)\""))
            #expect(try await send(.post, "/admin/queues/notes/pause", nil).status == .ok)
            #expect(try await send(.post, "/admin/jobs/\(id)/cancel", nil).status == .ok)
        }
    }

    @Test func `however many jobs there are, each queue is found once, in whatever state`() async throws {
        let database = try MemoryDatabase()
        try await Migrator(JobsMigrations.all).migrate(database)
        let now = Timestamp(nanoseconds: 0)
        let names = try database.transact { transaction in
            let store = JobStore(transaction: transaction)
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: "a", ownsDatabase: false, lease: .seconds(9), now: now)
            for (index, queue) in ["ready", "later", "dead", "done", "running", "waits"].enumerated() {
                for _ in 0..<3 {
                    let key = queue == "waits" ? "k" : nil
                    let start: JobOptions.Start = ["later", "waits"].contains(queue) ? .after(.seconds(60)) : .now
                    let job = try store.enqueue(Note(), JobOptions(start: start, serialKey: key), now: now)
                    try transaction.execute("UPDATE jobs SET queue = \("q\(index)-\(queue)") WHERE id = \(job.id)")
                }
                guard ["dead", "done", "running"].contains(queue), let name = QueueName(rawValue: "q\(index)-\(queue)")
                else {
                    continue
                }
                for job in try store.claim(name, limit: 9, worker: worker, now: now).jobs {
                    if queue == "dead" { _ = try store.fail(job, .deadLetter, reason: "x", now: now) }
                    if queue == "done" { _ = try store.complete(job, now: now) }
                }
            }
            return try store.storedQueues().map(\.rawValue)
        }
        #expect(names == ["q0-ready", "q1-later", "q2-dead", "q3-done", "q4-running", "q5-waits"])
    }

    // MARK: - Parameters

    static let refused: [(path: String, field: String, value: String)] = [
        ("/admin/outbox?limit=x", "limit", "x"), ("/admin/outbox?limit=0", "limit", "0"),
        ("/admin/outbox?afterTopic=webhook", "afterKey", "required"),
        ("/admin/outbox?afterKey=order-1", "afterTopic", "required"),
        ("/admin/sagas?limit=1001", "limit", "1001"), ("/admin/sagas/pay?limit=-1", "limit", "-1"),
        ("/admin/sagas/pay?status=lost", "status", "lost"),
        ("/admin/ledger/balances?after=zzz", "after", "zzz"),
        ("/admin/ledger/balances?after=order:7", "after", "order:7"),
        ("/admin/ledger/balances?owner=order:", "owner", "order:"),
        ("/admin/ledger/balances?owner=order:a%20b", "owner", "order:a b"),
        ("/admin/ledger/balances?owner=moon:x", "owner", "moon:x"),
        ("/admin/ledger/balances?limit=many", "limit", "many"),
        ("/admin/ledger/balances?owner=order:7&after=zzz", "after", "zzz"),
        ("/admin/ledger/entries?account=zzz", "account", "zzz"),
        ("/admin/ledger/entries?account=order:7/USDT&before=x", "before", "x"),
        ("/admin/ledger/entries?account=order:7/USDT&limit=1001", "limit", "1001"),
        ("/admin/ledger/entries", "account", "required"),
        ("/admin/jobs?queue=payments&state=asleep", "state", "asleep"),
        ("/admin/jobs?queue=nope&state=ready", "queue", "nope"),
        ("/admin/jobs?queue=payments&state=ready&after=x", "after", "x"),
        ("/admin/jobs?queue=payments&state=ready&after=99", "after", "99"),
        ("/admin/jobs?queue=payments&state=ready&limit=1e3", "limit", "1e3"),
        ("/admin/jobs?state=ready", "queue", "required"), ("/admin/jobs/x", "id", "x"),
    ]

    @Test(arguments: refused)
    func `a wrong parameter is refused with its name, its value and the rule`(
        _ path: String, _ field: String, _ value: String
    ) async throws {
        try await with(try TestAPI()) { send in
            let answer = try await send(.get, path, nil)
            #expect(answer.status == .badRequest, "\(path): \(answer.text)")
            guard case .array(let lines)? = try answer.json()["message"], case .string(let line)? = lines.first else {
                Issue.record("\(answer.text)")
                return
            }
            #expect(line.hasPrefix(field), "\(line)")
            #expect(line.contains(value), "\(line)")
            #expect(line.contains("must be") || line.contains("is required"), "\(line)")
        }
    }

    @Test func `failing lanes are listed page by page`() async throws {
        let api = try TestAPI()
        try await with(api) { send in
            try api.database.transact { transaction in
                let outbox = Outbox(transaction: transaction)
                for key in ["a", "b", "c"] {
                    _ = try outbox.put(topic: "webhook", key: key, name: "paid", payload: [], now: api.time.now())
                }
                try transaction.execute("UPDATE outbox_lanes SET failures = 1, failure = 'x'")
            }
            let first = try await send(.get, "/admin/outbox?limit=2", nil).json()
            #expect(first["lanes"]?.keys == ["a", "b"])
            let second = try await send(.get, "/admin/outbox?limit=2&afterTopic=webhook&afterKey=b", nil).json()
            #expect(second["lanes"]?.keys == ["c"])
        }
    }

    // MARK: - Sagas

    @Test
    func `sagas are shown, retried and resolved, and those of a kind that this server has no program for are shown`()
        async throws
    {
        let runner = SagaRunner(Payment(), Payment.Nothing())
        let api = try TestAPI(sagas: [runner])
        try await with(api) { send in
            try api.database.transact { transaction in
                let now = api.time.now()
                for id in ["1", "2"] {
                    try runner.start(id, Payment.State(step: .waiting), cause: "test", in: transaction, now: now)
                    try runner.send(.confused, eventID: "e", to: id, cause: "test", in: transaction, now: now)
                }
                try runner.start("3", Payment.State(step: .waiting), cause: "test", in: transaction, now: now)
                try runner.send(.paid, eventID: "e", to: "3", cause: "test", in: transaction, now: now)
                // Half of it is elsewhere between the two.
                _ = try transaction.rows("PRAGMA defer_foreign_keys = ON")
                for table in ["sagas", "saga_history"] {
                    try transaction.execute("UPDATE \(raw: table) SET kind = 'test.gone' WHERE id = '2'")
                }
            }
            let all = try await send(.get, "/admin/sagas", nil)
            let value = try all.json()
            #expect(value["kinds"] == .array([.string("test.payment")]))
            guard case .array(let stuck)? = value["stuck"], stuck.count == 2 else {
                Issue.record("\(all.text)")
                return
            }
            #expect(stuck.map { $0["kind"] } == [.string("test.gone"), .string("test.payment")])
            #expect(stuck.map { $0["isKnown"] } == [.bool(false), .bool(true)])
            #expect(stuck[0]["parkedReason"] == .string("never heard of it"))
            let gone = try await send(.get, "/admin/sagas/test.gone", nil)
            #expect(gone.text.contains(#""id":"2""#) && gone.text.contains(#""isKnown":false"#), "\(gone.text)")
            #expect(try await send(.get, "/admin/sagas/test.gone/2", nil).text.contains(#""event":"#))
            let helpless = try await send(.post, "/admin/sagas/test.gone/2/retry", nil)
            #expect(helpless.status == .conflict && helpless.text.contains("test.gone"), "\(helpless.text)")
            #expect(try await send(.post, "/admin/sagas/test.gone/9/retry", nil).status == .notFound)
            // One of our own goes on by hand.
            let resolved = try await send(
                .post, "/admin/sagas/test.payment/1/resolve", #"{"state":"{\"step\":\"done\"}","note":"asked them"}"#)
            #expect(resolved.status == .ok, "\(resolved.text)")
            let shown = try await send(.get, "/admin/sagas/test.payment/1", nil)
            #expect(shown.text.contains(#""status":"finished""#) && shown.text.contains("asked them"), "\(shown.text)")
            let finished = try await send(.get, "/admin/sagas/test.payment?status=finished", nil)
            #expect(finished.text.contains(#""id":"1""#) && finished.text.contains(#""id":"3""#), "\(finished.text)")
        }
    }

    // MARK: - A database that does not answer

    @Test func `readiness tells within a second that the database does not answer`() async throws {
        let time = SteppedTime()
        let alarms = AlarmClock(time: time, registry: ScheduleRegistry())
        let clock = Task { await alarms.run() }
        let database = SilentDatabase()
        let api = try TestAPI(
            operations: Operations(
                database: database, time: time, alarms: alarms, queues: [], worker: { nil }))
        try await api.withClient { client in
            let answer = Task { try await client.execute(uri: "/health/ready", method: .get) }
            await database.isAsked()
            // The alarm is set before or after the time moves; it rings either way.
            time.advance(byNanoseconds: Nanoseconds.seconds(1))
            let ready = try await answer.value
            #expect(ready.status == .serviceUnavailable)
            #expect(ready.text.contains("database: database is locked: no answer within 1 s"), "\(ready.text)")
            // Liveness asks nobody.
            #expect(try await client.execute(uri: "/health/live", method: .get).status == .ok)
        }
        database.answer()
        clock.cancel()
    }

    @Test func `a database that takes nothing is a fault where nobody trades, too`() async throws {
        let report = JobWorkerReport(
            queues: [], worker: nil, rescued: 0, registrationsLost: 0,
            faults: [
                JobFault(
                    JobFault.heartbeat, since: Timestamp(nanoseconds: 0), failure: "database is locked: by somebody")
            ])
        try await with(try TestAPI(worker: { report })) { send in
            #expect(try await send(.get, "/health", nil).status == .serviceUnavailable)
            let ready = try await send(.get, "/health/ready", nil)
            #expect(ready.status == .serviceUnavailable)
            #expect(ready.text.contains("nothing can be stored: database is locked: by somebody"), "\(ready.text)")
        }
    }

    @Test func `a handler that does not stop is named, and the server is not well`() async throws {
        let run = JobRun(
            id: JobID(rawValue: 7), queue: "payments", kind: "pay", customID: nil, serialKey: nil, attempt: 1,
            attempts: 1,
            rescues: 0, enqueuedAt: Timestamp(nanoseconds: 0), runAt: Timestamp(nanoseconds: 0),
            startedAt: Timestamp(nanoseconds: 0))
        let report = JobWorkerReport(
            queues: [
                .init(
                    name: "payments", concurrency: 1, running: 1, overdue: [OverdueJob(run: run, stop: .timeout)],
                    counters: JobCounters())
            ],
            worker: nil, rescued: 0, registrationsLost: 0)
        let api = try TestAPI(worker: { report })
        try await with(api) { send in
            let ready = try await send(.get, "/health/ready", nil)
            #expect(ready.status == .serviceUnavailable)
            #expect(ready.text.contains("jobs: job 7 (pay) does not stop, its time is over"), "\(ready.text)")
            #expect(try await send(.get, "/health", nil).status == .serviceUnavailable)
            let queues = try await send(.get, "/health/queues", nil)
            #expect(
                queues.status == .serviceUnavailable && queues.text.contains("Job 7 (pay) does not stop"),
                "\(queues.text)")
        }
    }
}

/// Reads that end only when they are let.
private final class SilentDatabase: SQLDatabase {
    private let (words, word) = AsyncStream<Void>.makeStream()
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    var dialect: SQLDialect { .sqlite }

    func isAsked() async {
        for await _ in words { return }
    }

    func answer() { for one in waiting.withLock({ $0 }) { one.resume() } }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { throw SQLError.unavailable("silent") }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        await withCheckedContinuation { continuation in
            waiting.withLock { $0.append(continuation) }
            word.yield()
        }
        throw SQLError.unavailable("silent")
    }

    func notifications(_ channel: String) -> AsyncStream<Void> { AsyncStream { $0.finish() } }

    func close() async {}
}

/// A payment that is waited for.
struct Payment: Saga {
    struct State: SagaState {
        enum Step: String, CaseIterable, Codable { case waiting, done }

        var step: Step
    }

    enum Event: Codable, Sendable { case paid, confused, late }
    enum Command: Sendable { case nothing }

    struct Nothing: SagaInterpreter {
        func effects(of command: Payment.Command, key: SagaCommandKey, now: Timestamp) throws -> [SagaEffect] { [] }
    }

    static let kind = "test.payment"
    static let deadlineEvent = Event.late
    static let transitions = SagaTransitions<State.Step>([.waiting: [.done]], final: [.done])

    func handle(_ event: Event, state: State, now: Timestamp) -> Transition<State, Command> {
        switch event {
        case .paid, .late: .move(to: State(step: .done))
        case .confused: .park("never heard of it")
        }
    }
}

extension JSONValue {
    /// Of a list of lanes.
    fileprivate var keys: [String]? {
        guard case .array(let values) = self else { return nil }
        return values.compactMap { if case .string(let key)? = $0["key"] { key } else { nil } }
    }
}
