import Exchanges
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ledger
import Logging
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import API
@testable import Jobs
@testable import MarketMaking

/// Books that do not add up, from the verification that finds it to the operator.
@Suite struct UnsoundLedgerTests {
    private static let worker: @Sendable () -> JobWorkerReport? = {
        JobWorkerReport(
            queues: [.init(name: LedgerJobs.queue, concurrency: 4, running: 0, overdue: [], counters: JobCounters())],
            worker: nil, rescued: 0, registrationsLost: 3)
    }

    private static func operations(_ database: MemoryDatabase, _ time: ManualTime) -> Operations {
        Operations(
            database: database, time: time, alarms: AlarmClock(time: time, registry: ScheduleRegistry()),
            queues: [LedgerJobs.queue, SagaTimeout.queue], worker: worker)
    }

    private func withAPI(
        _ body: @Sendable (TestAPI, any TestClientProtocol) async throws -> Void
    ) async throws {
        let api = try TestAPI(makeOperations: Self.operations)
        try await api.withClient { client in
            try await api.database.write { transaction in
                let posting = try LedgerPosting(
                    key: "deposit",
                    .transfer(
                        from: LedgerAccount(.world, "deposits", AssetID("USDT")),
                        to: LedgerAccount(.order, "7", AssetID("USDT")), "5"))
                try LedgerStore(transaction: transaction).apply(posting, now: Timestamp(nanoseconds: 1))
            }
            try await body(api, client)
        }
    }

    /// The nightly job, as its worker runs it.
    @discardableResult
    private func verify(_ api: TestAPI) async throws -> JobID {
        let handler = VerifyLedgerHandler(database: api.database, time: api.time, logger: api.server.logger)
        let now = api.time.now()
        let claimed = try await api.database.write { transaction in
            let store = JobStore(transaction: transaction)
            let id = try store.enqueue(VerifyLedger(), now: now).id
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: "test", ownsDatabase: false, lease: .seconds(60), now: now)
            let jobs = try store.claim(LedgerJobs.queue, limit: 10, worker: worker, now: now).jobs
            return try #require(jobs.first { $0.id == id }, "it waits for an earlier one")
        }
        let outcome = try await handler.perform(VerifyLedger(), context: JobContext(run: claimed.run) { _ in })
        try await api.database.write { transaction in
            let store = JobStore(transaction: transaction)
            switch outcome {
            case .done: #expect(try store.complete(claimed, now: now))
            case .commit(let effect):
                try effect(transaction)
                #expect(try store.complete(claimed, now: now))
            case .fail(let disposition, let reason):
                #expect(try store.fail(claimed, disposition, reason: reason, now: now) == .dead)
            case .snooze: Issue.record("a verification does not put itself off")
            }
        }
        return claimed.id
    }

    private func set(_ amount: String, _ api: TestAPI) async throws {
        try await api.database.write { _ = try $0.execute("UPDATE ledger_transfers SET amount = \(amount)") }
    }

    private func status(_ client: any TestClientProtocol, _ path: String) async throws -> HTTPResponse.Status {
        try await client.execute(uri: path, method: .get).status
    }

    private func expectFault(_ client: any TestClientProtocol, job: JobID) async throws {
        #expect(try await status(client, "/health") == .serviceUnavailable)
        let ready = try await client.execute(uri: "/health/ready", method: .get)
        #expect(ready.status == .serviceUnavailable)
        #expect(ready.text.contains("ledger: the ledger does not add up, as job \(job)"), "\(ready.text)")
        let queues = try await client.execute(uri: "/health/queues", method: .get)
        #expect(queues.status == .serviceUnavailable)
        #expect(try queues.json()[0]?["status"] == .string("critical"))
        #expect(queues.text.contains("The ledger does not add up, as job \(job)"), "\(queues.text)")
        #expect(queues.text.contains("changedEntry: order:7/USDT"), "\(queues.text)")
        let metrics = try await client.execute(uri: "/health/prometheus", method: .get)
        #expect(metrics.text.contains("mrmarket_ledger_sound 0\n"))
    }

    private func expectWell(_ client: any TestClientProtocol) async throws {
        for path in ["/health", "/health/ready", "/health/queues"] {
            let answer = try await client.execute(uri: path, method: .get)
            #expect(answer.status == .ok, "\(path): \(answer.text)")
        }
        let metrics = try await client.execute(uri: "/health/prometheus", method: .get)
        #expect(metrics.text.contains("mrmarket_ledger_sound 1\n"))
    }

    @Test func `books that do not add up are a fault until an operator discards the finding`() async throws {
        try await withAPI { api, client in
            try await verify(api)
            try await expectWell(client)
            try await set("6", api)
            let job = try await verify(api)
            #expect(api.log.all.contains { $0.hasPrefix("critical the ledger: the books do not add up") })
            // What is known holds for a second.
            api.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await expectFault(client, job: job)
            // A server that starts now finds it: it stands in the database.
            let restarted = Operations(
                database: api.database, time: api.time,
                alarms: AlarmClock(time: api.time, registry: ScheduleRegistry()), queues: [LedgerJobs.queue],
                worker: { nil })
            #expect(await restarted.standingFaults().count == 1)
            let token = try await TestAPI.token(client)
            let discarded = try await client.execute(
                uri: "/admin/jobs/\(job)/discard", method: .post, headers: [.authorization: "Bearer \(token)"])
            #expect(discarded.status == .ok)
            try await expectWell(client)
        }
    }

    @Test func `a later verification that finds nothing ends the fault, and does not wait for the earlier one`()
        async throws
    {
        try await withAPI { api, client in
            try await set("6", api)
            let first = try await verify(api)
            let second = try await verify(api)
            try await expectFault(client, job: second)
            #expect(first != second)
            try await set("5", api)
            try await verify(api)
            api.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await expectWell(client)
        }
    }

    @Test func `a finding that is tried again stands until that has come to its end`() async throws {
        try await withAPI { api, client in
            try await set("6", api)
            let found = try await verify(api)
            let token = try await TestAPI.token(client)
            func order(_ what: String) async throws -> HTTPResponse.Status {
                try await client.execute(
                    uri: "/admin/jobs/\(found)/\(what)", method: .post,
                    headers: [.authorization: "Bearer \(token)"]
                ).status
            }
            #expect(try await order("retry") == .ok)
            try await expectFault(client, job: found)
            // Another verification finds that all is well: what has not begun has nothing to find.
            try await set("5", api)
            try await api.database.write { transaction in
                try LedgerFindings.settle(transaction, now: api.time.now())
            }
            api.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await expectWell(client)
        }
    }

    @Test func `an entry that cannot be read is named, with what names all of them`() async throws {
        try await withAPI { api, client in
            try await set("abc", api)
            let token = try await TestAPI.token(client)
            let answer = try await client.execute(
                uri: "/admin/ledger/entries?account=order:7/USDT", method: .get,
                headers: [.authorization: "Bearer \(token)"])
            #expect(answer.status == .internalServerError)
            #expect(answer.text.contains("mrmarket ledger verify") && answer.text.contains("abc"), "\(answer.text)")
        }
    }

    @Test func `a verification has its time, and less than until the next one`() {
        let timeout = VerifyLedger.options.timeout
        #expect(timeout.map { $0 < .seconds(86_400) } == true)
    }

    @Test func `what waits for an operator is a warning of its queue`() async throws {
        try await withAPI { api, client in
            func warning(_ queue: Int) async throws -> String {
                let queues = try await client.execute(uri: "/health/queues", method: .get)
                #expect(queues.status == .ok, "a warning stops nothing")
                #expect(try queues.json()[queue]?["status"] == .string("warning"))
                return queues.text
            }
            try await verify(api)
            try await api.database.write { transaction in
                _ = try transaction.execute(
                    "UPDATE jobs SET state = 'dead', finished_at = NULL, reason = 'no disk'")
            }
            #expect(try await warning(0).contains("Dead letters: 1, each waits for an operator"))
            try await api.database.write { transaction in
                _ = try transaction.execute("DELETE FROM jobs")
                _ = try Outbox(transaction: transaction).put(
                    topic: "webhook", key: "k", name: "paid", payload: [], now: api.time.now())
                try transaction.execute("UPDATE outbox_lanes SET failures = 1, failure = 'x', is_parked = 1")
            }
            #expect(try await warning(0).contains("Parked outbox lanes: 1"))
            let runner = SagaRunner(Payment(), Payment.Nothing())
            try await api.database.write { transaction in
                let now = api.time.now()
                try runner.start("1", Payment.State(step: .waiting), cause: "test", in: transaction, now: now)
                try runner.send(.confused, eventID: "e", to: "1", cause: "test", in: transaction, now: now)
            }
            #expect(try await warning(1).contains("1 of test.payment at waiting"))
        }
    }

    @Test func `a worker that was given up for dead while it lived shows in health and metrics`() async throws {
        try await withAPI { _, client in
            let queues = try await client.execute(uri: "/health/queues", method: .get).json()
            #expect(queues[0]?["thisProcess"]?["registrationsLost"] == .number("3"))
            let metrics = try await client.execute(uri: "/health/prometheus", method: .get)
            #expect(metrics.text.contains("mrmarket_jobs_registrations_lost_total 3\n"))
        }
    }
}
