import Jobs
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@Suite(.timeLimit(.minutes(10))) struct JobWorkerTests {
    @Test(arguments: DatabaseEngine.available)
    func `every job is run once and completed, by word alone`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let diary = Diary()
            let running = RunningWorker(database) { note, _ in
                diary.write(note.number)
                return .done
            }
            try await withThrowingTaskGroup { group in
                for start in 0..<20 { group.addTask { try await database.enqueue(start * 10..<start * 10 + 10) } }
                try await group.waitForAll()
            }
            try await eventually("200 completed") { running.counters.completed == 200 }
            #expect(diary.numbers.sorted() == Array(0..<200))
            try await running.drain()
            let depth = try await database.depth()
            #expect([depth.completed, depth.ready, depth.running] == [200, 0, 0])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `two workers on one database run each job once`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let diary = Diary()
            let workers = ["a", "b"].map { node in
                RunningWorker(database, QueueConfiguration(Note.queue, concurrency: 3)) {
                    $0.node = node
                    $0.ownsDatabase = false
                    $0.lease = .seconds(60)
                    $0.maximumBatch = 1
                } _: { note, _ in
                    diary.write(note.number)
                    return .done
                }
            }
            for number in 0..<150 { try await database.enqueue([number]) }
            try await eventually("150 completed") { workers.reduce(0) { $0 + $1.counters.completed } == 150 }
            #expect(diary.numbers.sorted() == Array(0..<150))
            #expect(workers.allSatisfy { $0.counters.leasesLost == 0 })
            for worker in workers { try await worker.drain() }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `no more run at a time than the queue allows`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let gauge = Gauge()
            let running = RunningWorker(database, QueueConfiguration(Note.queue, concurrency: 3)) { _, _ in
                gauge.enter()
                for _ in 0..<3 { await Task.yield() }
                gauge.leave()
                return .done
            }
            try await database.enqueue(0..<60)
            try await eventually("60 completed") { running.counters.completed == 60 }
            try await running.drain()
            #expect(gauge.most == 3)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `jobs of one key never overlap and keep their order, over two workers (H29)`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            let (diary, gauge) = (Diary(), Gauge())
            let workers = ["a", "b"].map { node in
                RunningWorker(database) {
                    $0.node = node
                    $0.ownsDatabase = false
                    $0.lease = .seconds(60)
                } _: { note, _ in
                    gauge.enter()
                    await Task.yield()
                    diary.write(note.number)
                    gauge.leave()
                    return .done
                }
            }
            for number in 0..<100 { try await database.enqueue([number], JobOptions(serialKey: "order-1")) }
            try await eventually("100 completed") { diary.numbers.count == 100 }
            for worker in workers { try await worker.drain() }
            #expect(diary.numbers == Array(0..<100))
            #expect(gauge.most == 1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `an effect commits with its completion, or neither does`(_ engine: DatabaseEngine) async throws {
        struct Refusal: Error {}
        try await withJobsDatabase(engine) { database in
            try await database.write { _ = try $0.execute("CREATE TABLE effects (number INTEGER) STRICT") }
            let running = RunningWorker(database) { note, context in
                let attempt = context.attempt
                return .commit { transaction in
                    try transaction.execute("INSERT INTO effects (number) VALUES (\(note.number))")
                    if note.number.isMultiple(of: 2), attempt == 1 { throw Refusal() }
                }
            }
            try await database.enqueue(0..<20, JobOptions(attempts: 2))
            try await eventually("20 completed") { running.counters.completed == 20 }
            try await running.drain()
            #expect(running.counters.failed == 10)
            let effects = try await database.read { transaction in
                try transaction.rows("SELECT number FROM effects ORDER BY number").map { try $0.get(0, as: Int.self) }
            }
            #expect(effects == Array(0..<20))
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a delayed job starts at its time with nobody looking`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let time = SystemTime()
            let started = Mutex<Timestamp?>(nil)
            let running = RunningWorker(database) { _, _ in
                started.withLock { $0 = time.now() }
                return .done
            }
            let due = time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(300))
            try await database.enqueue([1], JobOptions(start: .at(due)))
            try await eventually("started") { started.withLock { $0 } != nil }
            #expect(try #require(started.withLock { $0 }) >= due)
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a handler past its timeout is cancelled, and the attempt failed`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let (time, diary) = (SteppedTime(), Diary())
            let running = RunningWorker(database, time: time) { note, context in
                diary.write(context.attempt)
                if context.attempt == 1 { try await Task.sleep(for: .seconds(600)) }
                return .done
            }
            try await database.enqueue([1], JobOptions(attempts: 2, timeout: .milliseconds(50)), at: time.now())
            try await eventually("started") { diary.numbers == [1] }
            // To the last moment that is allowed, and one further. The second attempt takes no time at all.
            time.advance(byNanoseconds: Nanoseconds.milliseconds(50) - 1)
            #expect(running.counters.timedOut == 0)
            time.advance(byNanoseconds: 1)
            try await eventually("completed") { running.counters.completed == 1 }
            #expect(running.counters.timedOut == 1)
            #expect(running.counters.failed == 1)
            let record = try await database.read { try JobStore(transaction: $0).jobs(Note.queue, .completed)[0] }
            #expect(record.reason?.contains("timed out") == true)
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a running job is told to stop when somebody cancels it`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let diary = Diary()
            let running = RunningWorker(database) { note, _ in
                diary.write(note.number)
                try await Task.sleep(for: .seconds(600))
                return .done
            }
            try await database.enqueue([1], JobOptions(attempts: 9))
            try await eventually("started") { diary.numbers == [1] }
            let answer = try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                return try store.cancel(store.jobs(Note.queue, .running)[0].id, now: SystemTime().now())
            }
            #expect(answer == .requested)
            try await eventually("cancelled") { running.counters.cancelled == 1 }
            #expect(try await database.depth().cancelled == 1)
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `jobs that nobody can run end among the dead letters, and the worker goes on`(
        _ engine: DatabaseEngine
    ) async throws {
        struct Stranger: JobArguments {
            static let kind = "test.stranger"
            static let queue = Note.queue
        }
        try await withJobsDatabase(engine) { database in
            let running = RunningWorker(database) { _, _ in .done }
            _ = try await database.write { transaction in
                try JobStore(transaction: transaction).enqueue(
                    Stranger(), JobOptions(attempts: 60), now: SystemTime().now())
            }
            try await database.enqueue([1])
            try await eventually("both ended") {
                running.counters.completed == 1 && running.counters.deadLettered == 1
            }
            let dead = try await database.read { try JobStore(transaction: $0).jobs(Note.queue, .dead) }
            #expect(dead.map(\.reason) == ["no handler for jobs of kind test.stranger"])
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `an operator's steps do the same on every engine`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let now = SystemTime().now()
            let states = try await database.write { transaction in
                let (store, workers) = (JobStore(transaction: transaction), JobWorkerStore(transaction: transaction))
                let worker = try workers.register(node: "a", ownsDatabase: false, lease: .seconds(9), now: now)
                let options = JobOptions(id: "once", serialKey: "k", deadLetterHoldsKey: false)
                let first = try store.enqueue(Note(number: 1), options, now: now)
                let second = try store.enqueue(Note(number: 2), JobOptions(serialKey: "k"), now: now)
                let again = try store.enqueue(Note(number: 3), options, now: now)
                let limited = JobRate(count: 1, per: .seconds(60))
                let claimed = try store.claim(Note.queue, rate: limited, limit: 9, worker: worker, now: now).jobs
                _ = try store.fail(claimed[0], .deadLetter, reason: "x", now: now)
                let closed = try store.claim(Note.queue, rate: limited, limit: 9, worker: worker, now: now)
                let next = try store.claim(Note.queue, limit: 9, worker: worker, now: now).jobs
                let isRetried = try store.retry(first.id, now: now)
                let retried = try store.job("once", in: Note.queue)?.state
                let released = try store.release(next[0], now: now)
                let isDiscarded = try store.discard(second.id, now: now)
                let listed = try store.jobs(Note.queue, .waiting).map(\.id)
                return [
                    "\(again.isNew) \(again.id == first.id)", "\(claimed.map(\.id) == [first.id])",
                    "\(closed.jobs.isEmpty) \(closed.opensAt != nil)", "\(next.map(\.id) == [second.id])",
                    "\(isRetried) \(String(describing: retried))", "\(String(describing: released))", "\(isDiscarded)",
                    "\(listed == [first.id])",
                ]
            }
            #expect(
                states == [
                    "false true", "true", "true true", "true", "true Optional(Jobs.JobState.waiting)",
                    "Optional(Jobs.JobState.ready)", "false", "true",
                ])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `progress is stored while a job runs`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let running = RunningWorker(database) { _, context in
                try await context.progress("half")
                return .snooze(.seconds(600))
            }
            try await database.enqueue([1])
            try await eventually("snoozed") { running.counters.snoozed == 1 }
            let record = try await database.read { try JobStore(transaction: $0).jobs(Note.queue, .delayed)[0] }
            #expect(record.progress == "half")
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a paused queue starts nothing, a resumed one at once`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let now = SystemTime().now()
            try await database.write { try JobStore(transaction: $0).pause(Note.queue, now: now) }
            let running = RunningWorker(database) { _, _ in .done }
            try await database.enqueue([1])
            try await eventually("registered") { running.worker.report.worker != nil }
            #expect(running.counters.started == 0)
            try await database.write { try JobStore(transaction: $0).resume(Note.queue) }
            try await eventually("completed") { running.counters.completed == 1 }
            try await running.drain()
        }
    }
}

/// How many are in at the same time, and how many were at most.
final class Gauge: Sendable {
    private let state = Mutex((current: 0, most: 0))

    var most: Int { state.withLock { $0.most } }

    func enter() {
        state.withLock {
            $0.current += 1
            $0.most = max($0.most, $0.current)
        }
    }

    func leave() { state.withLock { $0.current -= 1 } }
}
