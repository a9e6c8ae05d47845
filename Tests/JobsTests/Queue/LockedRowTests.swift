import Dispatch
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Jobs

/// A node that was frozen in the midst of a transaction keeps its rows, on PostgreSQL, until the server ends its session. The others have
/// one writer each, which trading waits for: it must not wait for those rows.
@Suite(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)")) struct LockedRowTests {
    private struct Frozen: Error {}

    private let now = Timestamp(nanoseconds: Nanoseconds.seconds(1_700_000_000))

    private func withTwoNodes(_ body: (any SQLDatabase, any SQLDatabase) async throws -> Void) async throws {
        try await withTemporaryPlace(.postgres) { place in
            let (frozen, healthy) = (try await Databases.open(place), try await Databases.open(place))
            try await Migrator(allMigrations).migrate(healthy)
            do { try await body(frozen, healthy) } catch { Issue.record(error) }
            await frozen.close()
            await healthy.close()
        }
    }

    /// Runs the body while a node's transaction, which never commits, is within `statement`.
    private func whileHeld<Value>(
        _ statement: SQL, by node: any SQLDatabase, rows: Int = 1, _ body: () async throws -> Value
    ) async throws -> Value {
        let (isHeld, release) = (Signal(), DispatchSemaphore(value: 0))
        let holding = Task {
            try await node.write { transaction in
                #expect(try transaction.execute(statement) == rows)
                isHeld.raise()
                release.wait()
                throw Frozen()
            }
        }
        await isHeld.wait()
        let begun = ContinuousClock.now
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        // Whoever waits for a lock that is not let go waits for ten seconds.
        #expect(ContinuousClock.now - begun < .seconds(9))
        release.signal()
        await #expect(throws: Frozen.self) { try await holding.value }
        return try result.get()
    }

    private func register(_ node: String, _ database: any SQLDatabase) async throws -> JobWorkerID {
        let now = now
        return try await database.write {
            try JobWorkerStore(transaction: $0).register(node: node, ownsDatabase: false, lease: .seconds(5), now: now)
        }
    }

    private func claim(
        _ database: any SQLDatabase, _ worker: JobWorkerID, rate: JobRate? = nil, at now: Timestamp? = nil
    ) async throws -> JobStore.Batch {
        let now = now ?? self.now
        return try await database.write {
            try JobStore(transaction: $0).claim(Note.queue, rate: rate, limit: 10, worker: worker, now: now)
        }
    }

    private func giveUpAll(_ database: any SQLDatabase, besides own: JobWorkerID) async throws {
        try await database.write { transaction in
            let store = JobWorkerStore(transaction: transaction)
            for sighting in try store.sightings(besides: own) { try store.giveUp(sighting) }
        }
    }

    private func rescue(_ database: any SQLDatabase, own: JobWorkerID) async throws -> JobWorkerStore.Rescue {
        let now = now
        return try await database.write { try JobWorkerStore(transaction: $0).rescue(own: own, limit: 10, now: now) }
    }

    private func workers(_ database: any SQLDatabase) async throws -> [JobWorkerID] {
        try await database.read { try $0.rows("SELECT id FROM job_workers ORDER BY id").map { try $0.get(0) } }
    }

    @Test func `a rescue leaves a job that another node has locked for the next, and holds up no other write`()
        async throws
    {
        try await withTwoNodes { frozen, healthy in
            try await healthy.enqueue(0..<3, at: now)
            let (dead, also, own) = (
                try await register("dead", frozen), try await register("also", frozen),
                try await register("own", healthy)
            )
            let jobs = try await claim(frozen, dead).jobs.map(\.id)
            #expect(jobs.count == 3)
            try await healthy.enqueue(3..<4, at: now)
            let last = try await claim(frozen, also).jobs.map(\.id)
            try await giveUpAll(healthy, besides: own)
            let held = try await whileHeld(
                "UPDATE jobs SET progress = 'frozen' WHERE id = \(jobs[1])", by: frozen
            ) {
                async let rescue = rescue(healthy, own: own)
                try await healthy.enqueue(4..<5, at: now)
                return try await rescue
            }
            #expect(held.jobs == [jobs[0], jobs[2]] + last)
            #expect(!held.isMore, "it is tried again at the next look, not at once")
            #expect(try await workers(healthy) == [dead, own], "who still holds a job is not forgotten")
            #expect(try await rescue(healthy, own: own).jobs == [jobs[1]])
            #expect(try await workers(healthy) == [own])
        }
    }

    @Test func `a worker that was frozen in its heartbeat is given up once its row is free`() async throws {
        try await withTwoNodes { frozen, healthy in
            let (dead, own) = (try await register("dead", frozen), try await register("own", healthy))
            let beat: SQL = "UPDATE job_workers SET lease_until = lease_until + 1 WHERE id = \(dead)"
            try await whileHeld(beat, by: frozen) {
                try await giveUpAll(healthy, besides: own)
                #expect(try await rescue(healthy, own: own) == JobWorkerStore.Rescue())
                _ = try await register("dead", healthy)
            }
            #expect(try await workers(healthy).contains(dead))
            try await giveUpAll(healthy, besides: own)
            _ = try await rescue(healthy, own: own)
            #expect(try await workers(healthy) == [own])
        }
    }

    @Test func `who leaves while another node has locked one of its jobs leaves that to be rescued`() async throws {
        try await withTwoNodes { frozen, healthy in
            try await healthy.enqueue(0..<2, at: now)
            let own = try await register("own", healthy)
            let jobs = try await claim(healthy, own).jobs.map(\.id)
            let now = now
            try await whileHeld("UPDATE jobs SET is_cancel_requested = 1 WHERE id = \(jobs[0])", by: frozen) {
                try await healthy.write { try JobWorkerStore(transaction: $0).leave(own, now: now) }
            }
            let other = try await register("other", healthy)
            #expect(try await rescue(healthy, own: other).jobs == [jobs[0]])
            #expect(try await workers(healthy) == [other])
        }
    }

    @Test func `a tick that another node is at is looked for again soon`() async throws {
        try await withTwoNodes { frozen, healthy in
            let schedules = ["a", "b"].map { name in
                JobSchedule(name, .every(.seconds(60)), catchUp: .once) { _ in try NewJob(Note(number: 1)) }
            }
            let (now, later) = (now, now.advanced(byNanoseconds: Nanoseconds.seconds(90)))
            try await healthy.write { try JobScheduleStore(transaction: $0).define(schedules, now: now) }
            let tick = { @Sendable (moment: Timestamp) in
                try await healthy.write { try JobScheduleStore(transaction: $0).tick(schedules, now: moment) }
            }
            let held = try await whileHeld("UPDATE job_schedules SET last_at = 1 WHERE name = 'a'", by: frozen) {
                try await tick(later)
            }
            #expect(held.enqueued == 1)
            #expect(held.next == later.advanced(byNanoseconds: JobScheduleStore.heldNanoseconds))
            #expect(try await tick(later).enqueued == 1)
        }
    }

    @Test func `a queue whose rate another node is taking from opens again soon`() async throws {
        try await withTwoNodes { frozen, healthy in
            let rate = JobRate(count: 10, per: .seconds(1))
            let own = try await register("own", healthy)
            try await healthy.enqueue(0..<1, at: now)
            #expect(try await claim(healthy, own, rate: rate).jobs.count == 1)
            try await healthy.enqueue(1..<2, at: now)
            let held = try await whileHeld("UPDATE job_rates SET full_at = full_at", by: frozen) {
                try await claim(healthy, own, rate: rate)
            }
            #expect(held.jobs.isEmpty)
            let opensAt = try #require(held.opensAt)
            #expect(opensAt == now.advanced(byNanoseconds: JobRateStore.busyNanoseconds))
            #expect(try await claim(healthy, own, rate: rate, at: opensAt).jobs.count == 1)
        }
    }

    @Test func `finished jobs that another node is removing are left to it`() async throws {
        try await withTwoNodes { frozen, healthy in
            try await healthy.enqueue(0..<3, at: now)
            let own = try await register("own", healthy)
            let jobs = try await claim(healthy, own).jobs
            let (now, queue) = (now, QueueConfiguration(Note.queue, retention: .zero))
            try await healthy.write { for job in jobs { _ = try JobStore(transaction: $0).complete(job, now: now) } }
            let remove = { @Sendable in
                try await healthy.write { try JobStore(transaction: $0).removeFinished(queue, limit: 10, now: now) }
            }
            let removed = try await whileHeld("DELETE FROM jobs WHERE id = \(jobs[1].id)", by: frozen) {
                try await remove()
            }
            #expect(removed == 2)
            #expect(try await remove() == 1)
        }
    }

    @Test func `a lane comes to its end while another node remembers the fence of one`() async throws {
        try await withTwoNodes { frozen, healthy in
            let now = now
            let end = { @Sendable (key: String) in
                try await healthy.write { transaction in
                    let outbox = Outbox(transaction: transaction)
                    try outbox.put(topic: "t", key: key, name: "m", payload: [], now: now)
                    for batch in try outbox.claim(now: now) { try outbox.acknowledge(batch, .sent(1), now: now) }
                    return try outbox.metrics().pendingMessages
                }
            }
            #expect(try await end("a") == 0)
            try await whileHeld("DELETE FROM outbox_fences", by: frozen) {
                #expect(try await end("b") == 0)
                _ = try await healthy.write { try Outbox(transaction: $0).sweep(now: now) }
            }
        }
    }

    // MARK: - Where a row must be had

    private func beat(_ database: any SQLDatabase, _ worker: JobWorkerID) async throws {
        let (now, begun) = (now, ContinuousClock.now)
        let isAlive = try await database.beat {
            try JobWorkerStore(transaction: $0).heartbeat(worker, lease: .seconds(5), now: now)
        }
        #expect(isAlive)
        #expect(ContinuousClock.now - begun < .seconds(1), "a heartbeat waits for nobody's row")
    }

    /// An operator's command and the end of a job, both about rows that a stranger has locked, and what the node has to do besides.
    @Test
    func `a dead letter that a stranger has locked delays its own retry, and neither heartbeats nor other commits`()
        async throws
    {
        try await withTwoNodes { stranger, node in
            try await node.enqueue(0..<2, at: now)
            let own = try await register("own", node)
            let jobs = try await claim(node, own).jobs
            let now = now
            try await node.write { transaction in
                for job in jobs {
                    _ = try JobStore(transaction: transaction).fail(job, .deadLetter, reason: "no", now: now)
                }
            }
            let retry = { @Sendable (id: JobID) in
                try await node.write { try JobStore(transaction: $0).retry(id, now: now) }
            }
            let isOver = Signal()
            let waiting = try await whileHeld(
                "UPDATE jobs SET progress = 'held' WHERE id = \(jobs[0].id)", by: stranger
            ) {
                let waiting = Task {
                    defer { isOver.raise() }
                    return try await retry(jobs[0].id)
                }
                for number in 2..<12 {
                    try await beat(node, own)
                    try await node.enqueue(number..<number + 1, at: now)
                }
                #expect(try await retry(jobs[1].id))
                return waiting
            }
            await isOver.wait()
            #expect(try await waiting.value)
            let ready = try await node.read { try $0.row("SELECT count(*) FROM jobs WHERE state = 'ready'") }
            #expect(try ready?.get(0, as: Int.self) == 12, "everything was done, and once")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a heartbeat does not wait for a transaction of its own node that takes long`() async throws {
        try await withTwoNodes { node, _ in
            let own = try await register("own", node)
            try await whileHeld("UPDATE job_workers SET node = node WHERE id = -1", by: node, rows: 0) {
                for _ in 0..<5 { try await beat(node, own) }
            }
        }
    }

    @Test func `a transactional handler's time is over well before its node is taken for dead`() {
        var configuration = JobWorkerConfiguration(queues: [])
        let silence = WorkerWatch(
            lease: configuration.lease.nanoseconds, rescueInterval: configuration.rescueInterval.nanoseconds
        ).silence
        let beat = WorkerWatch.longestBeat(lease: configuration.lease.nanoseconds)
        let limit = configuration.transactionLimit(on: .postgres)
        #expect(limit.nanoseconds + beat <= silence)
        #expect(
            configuration.transactionLimit(on: .sqlite) == .seconds(10),
            "nobody else can take the work of an embedded one")
        configuration.transactionLimit = .seconds(1)
        #expect(configuration.transactionLimit(on: .postgres) == .seconds(1))
    }
}
