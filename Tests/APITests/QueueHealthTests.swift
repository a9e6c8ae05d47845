import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API
@testable import Jobs
@testable import MarketMaking

/// How queues are judged: what is stored, what this process says of itself, and how long nothing has moved.
@Suite struct QueueHealthTests {
    private struct Pay: JobArguments {
        static let kind = "pay"
        static let queue: QueueName = "payments"
        var order = "x"
    }

    /// What this process says of itself, as the test sets it.
    private final class Report: Sendable {
        private let value = Mutex<JobWorkerReport?>(nil)

        var current: JobWorkerReport? { value.withLock { $0 } }

        func set(
            _ queue: QueueName = Pay.queue, lastProgress: Timestamp? = nil, faults: [JobFault] = [],
            workerFaults: [JobFault] = []
        ) {
            var counters = JobCounters()
            counters.lastProgress = lastProgress
            value.withLock {
                $0 = JobWorkerReport(
                    queues: [
                        .init(name: queue, concurrency: 1, running: 1, overdue: [], counters: counters, faults: faults)
                    ],
                    worker: nil, rescued: 0, registrationsLost: 0, faults: workerFaults)
            }
        }
    }

    private struct Bench {
        let api: TestAPI
        let client: any TestClientProtocol
        let report: Report

        /// Status of the whole, and what is said of one queue.
        func look(_ queue: QueueName = Pay.queue) async throws -> (code: Int, status: String, issues: [String]) {
            let answer = try await client.execute(uri: "/health/queues", method: .get)
            guard case .array(let queues) = try JSONValue(String(buffer: answer.body)),
                let shown = queues.first(where: { $0["name"] == .string(queue.rawValue) }),
                case .string(let status)? = shown["status"], case .array(let issues)? = shown["issues"]
            else { return (answer.status.code, "not shown", []) }
            let texts = issues.compactMap { if case .string(let text) = $0 { text } else { nil } }
            return (answer.status.code, status, texts)
        }

        @discardableResult
        func enqueue(_ options: JobOptions = JobOptions(), in queue: QueueName = Pay.queue) throws -> JobID {
            try api.database.transact { transaction in
                let id = try JobStore(transaction: transaction).enqueue(Pay(), options, now: api.time.now()).id
                _ = try transaction.execute("UPDATE jobs SET queue = \(queue) WHERE id = \(id)")
                return id
            }
        }

        @discardableResult
        func claim(_ limit: Int, in queue: QueueName = Pay.queue) throws -> [ClaimedJob] {
            try api.database.transact { transaction in
                let worker = try JobWorkerStore(transaction: transaction).register(
                    node: "test", ownsDatabase: false, lease: .seconds(60), now: api.time.now())
                return try JobStore(transaction: transaction).claim(
                    queue, limit: limit, worker: worker, now: api.time.now()
                ).jobs
            }
        }

        func die(_ job: ClaimedJob) throws {
            _ = try api.database.transact {
                try JobStore(transaction: $0).fail(job, .deadLetter, reason: "no", now: api.time.now())
            }
        }

        func complete(_ job: ClaimedJob) throws {
            #expect(try api.database.transact { try JobStore(transaction: $0).complete(job, now: api.time.now()) })
        }

        func pass(seconds: Int64) { api.time.advance(byNanoseconds: Nanoseconds.seconds(seconds)) }
    }

    private func with(_ body: @Sendable (Bench) async throws -> Void) async throws {
        let report = Report()
        let api = try TestAPI(makeOperations: { database, time in
            Operations(
                database: database, time: time, alarms: AlarmClock(time: time, registry: ScheduleRegistry()),
                queues: [Pay.queue, LedgerJobs.queue, SagaTimeout.queue], worker: { report.current })
        })
        try await api.withClient { client in
            try await body(Bench(api: api, client: client, report: report))
        }
    }

    // MARK: - Age

    @Test func `a backlog is critical though something runs, unless jobs were completed lately`() async throws {
        try await with { bench in
            for _ in 0..<500 { try bench.enqueue() }
            let running = try bench.claim(1)
            bench.pass(seconds: 3_600)
            let stuck = try await bench.look()
            #expect(stuck.code == 503 && stuck.status == "critical")
            #expect(
                stuck.issues == [
                    "Waiting jobs are not worked off: the oldest waits for 3600 s, none was completed as far as is known, running: 1"
                ])
            try bench.complete(running[0])
            let slow = try await bench.look()
            #expect(slow.code == 200 && slow.status == "warning")
            #expect(slow.issues == ["Waiting jobs are worked off late: the oldest waits for 3600 s"])
            _ = try bench.claim(1)
            bench.pass(seconds: 31)
            #expect(try await bench.look().issues.first?.contains("none was completed for 31 s") == true)
        }
    }

    @Test
    func
        `jobs behind one of their serial key are waiting work: a warning behind a dead one, critical behind one that hangs`()
        async throws
    {
        try await with { bench in
            for _ in 0..<5 { try bench.enqueue(JobOptions(serialKey: "order-1")) }
            let first = try bench.claim(5)
            #expect(first.count == 1)
            bench.pass(seconds: 30)
            #expect(try await bench.look().issues == [])
            bench.pass(seconds: 1)
            let hung = try await bench.look()
            #expect(hung.code == 503 && hung.status == "critical")
            #expect(
                hung.issues == [
                    "4 jobs wait behind an earlier one of their serial key, the oldest for 31 s; running: 1, failed: 0"
                ])
            try bench.die(first[0])
            let dead = try await bench.look()
            #expect(dead.code == 200 && dead.status == "warning")
            #expect(dead.issues.contains { $0.hasSuffix("running: 0, failed: 1") }, "\(dead.issues)")
        }
    }

    @Test func `what this process completed counts, though its rows are gone`() async throws {
        try await with { bench in
            try bench.enqueue()
            bench.pass(seconds: 60)
            #expect(try await bench.look().issues == ["No active workers processing waiting jobs"])
            bench.report.set(lastProgress: bench.api.time.now())
            #expect(try await bench.look().status == "warning")
        }
    }

    @Test func `a delayed job that nobody looks for is waiting work, also in a queue of nobody's`() async throws {
        try await with { bench in
            try bench.enqueue(JobOptions(start: .after(.seconds(60))), in: "elsewhere")
            bench.pass(seconds: 59)
            #expect(try await bench.look("elsewhere").code == 200)
            bench.pass(seconds: 32)
            let overdue = try await bench.look("elsewhere")
            #expect(overdue.code == 503)
            #expect(overdue.issues.contains("No active workers processing waiting jobs"))
            let answer = try await bench.client.execute(uri: "/health/queues", method: .get)
            let text = String(buffer: answer.body)
            #expect(text.contains("\"oldestWaitingMilliseconds\":31000"), "\(text)")
            let metrics = try await bench.client.execute(uri: "/health/prometheus", method: .get)
            #expect(
                String(buffer: metrics.body).contains(
                    #"mrmarket_jobs_oldest_ready_seconds{queue="elsewhere"} 31.0"#))
        }
    }

    @Test func `a queue of nobody's that holds only what is over is well`() async throws {
        try await with { bench in
            let id = try bench.enqueue(in: "elsewhere")
            #expect(try await bench.look("elsewhere").status == "warning")
            _ = try bench.api.database.transact { try JobStore(transaction: $0).cancel(id, now: bench.api.time.now()) }
            #expect(try await bench.look("elsewhere").status == "healthy")
        }
    }

    // MARK: - What this process cannot do

    @Test func `a worker that cannot claim, or has no heartbeat, is critical on all its queues`() async throws {
        try await with { bench in
            let fault = JobFault("jobs cannot be claimed", since: bench.api.time.now(), failure: "disk full")
            bench.report.set(faults: [fault])
            var shown = try await bench.look()
            #expect(shown.code == 503 && shown.issues == ["Jobs cannot be claimed: disk full"])
            bench.report.set(
                workerFaults: [JobFault("jobs: heartbeat", since: bench.api.time.now(), failure: "disk full")])
            shown = try await bench.look()
            #expect(shown.code == 503 && shown.issues == ["Jobs: heartbeat: disk full"])
            #expect(try await bench.look(SagaTimeout.queue).issues == [], "it is none of this worker's")
        }
    }

    // MARK: - Sagas

    @Test func `a dead timeout of a saga is a warning, and a saga past its deadline critical`() async throws {
        try await with { bench in
            try bench.enqueue(in: SagaTimeout.queue)
            try bench.die(try #require(try bench.claim(1, in: SagaTimeout.queue).first))
            let dead = try await bench.look(SagaTimeout.queue)
            #expect(dead.status == "warning" && dead.issues == ["Dead letters: 1, each waits for an operator"])
            _ = try bench.api.database.transact { try $0.execute("DELETE FROM jobs") }
            let now = bench.api.time.now()
            _ = try bench.api.database.transact { transaction in
                try SagaRunner(Payment(), Payment.Nothing()).start(
                    "1", Payment.State(step: .waiting), cause: "test", in: transaction, now: now)
                try transaction.execute(
                    """
                    UPDATE sagas SET deadline_version = 1,
                        deadline = \(now.advanced(byNanoseconds: Nanoseconds.seconds(60)))
                    """)
            }
            bench.pass(seconds: 119)
            #expect(try await bench.look(SagaTimeout.queue).status == "healthy")
            bench.pass(seconds: 3_541)
            let late = try await bench.look(SagaTimeout.queue)
            #expect(late.code == 503)
            #expect(late.issues == ["Sagas past their deadline: 1, the first is test.payment 1, for 3600 s"])
        }
    }

    // MARK: - Dead letters

    @Test func `a dead letter is shown with when it died`() async throws {
        try await with { bench in
            let id = try bench.enqueue()
            let claimed = try #require(try bench.claim(1).first)
            bench.pass(seconds: 5)
            try bench.die(claimed)
            let token = try await TestAPI.token(bench.client)
            let shown = try await bench.client.execute(
                uri: "/admin/jobs/\(id)", method: .get, headers: [.authorization: "Bearer \(token)"])
            let finishedAt = try JSONValue(String(buffer: shown.body))["finishedAt"]
            guard case .string(let text)? = finishedAt else {
                Issue.record("finishedAt is \(String(describing: finishedAt))")
                return
            }
            #expect(!text.isEmpty)
        }
    }
}
