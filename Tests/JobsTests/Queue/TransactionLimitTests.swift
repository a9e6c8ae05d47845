import Dispatch
import Jobs
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

/// Handlers within their completion's transaction, which hold the one writer of their process.
@Suite(.timeLimit(.minutes(10))) struct TransactionLimitTests {
    private struct Count: JobArguments {
        static let kind = "test.count"
        static let queue = Note.queue
    }

    private struct CountHandler: TransactionalJobHandler {
        let body: @Sendable (JobRun, any SQLTransaction) throws -> Void

        func perform(_ arguments: Count, run: JobRun, transaction: any SQLTransaction) throws {
            try body(run, transaction)
        }
    }

    private func worker(
        _ database: any SQLDatabase, _ time: SteppedTime,
        _ body: @escaping @Sendable (JobRun, any SQLTransaction) throws -> Void
    ) -> RunningWorker {
        var handlers = JobHandlers()
        handlers.add(CountHandler(body: body))
        return RunningWorker(database, time: time, handlers: handlers) { _, _ in .done }
    }

    private func enqueue(_ database: any SQLDatabase, _ options: JobOptions, _ time: SteppedTime) async throws {
        try await database.write { _ = try JobStore(transaction: $0).enqueue(Count(), options, now: time.now()) }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that works without an end is refused its next statement when its time is over, and others go on`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            try await database.write { _ = try $0.execute("CREATE TABLE effects (attempt INTEGER) STRICT") }
            let time = SteppedTime()
            let rounds = Mutex(0)
            let running = worker(database, time) { run, transaction in
                try transaction.execute("INSERT INTO effects (attempt) VALUES (\(run.attempt))")
                while run.attempt == 1 {
                    _ = try transaction.row("SELECT COUNT(*) FROM effects")
                    rounds.withLock { $0 += 1 }
                }
            }
            try await enqueue(database, JobOptions(attempts: 2), time)
            try await eventually("at work") { rounds.withLock { $0 > 0 } }
            time.advance(byNanoseconds: Nanoseconds.seconds(10))
            try await eventually("completed") { running.counters.completed == 1 }
            #expect(running.counters.timedOut == 1)
            let record = try await database.read { try JobStore(transaction: $0).jobs(Note.queue, .completed)[0] }
            #expect(record.reason == "timed out after 10.0 seconds")
            let effects = try await database.read { transaction in
                try transaction.rows("SELECT attempt FROM effects").map { try $0.get(0, as: Int.self) }
            }
            #expect(effects == [2])
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that swallows the refusal and returns has failed all the same`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let time = SteppedTime()
            let rounds = Mutex(0)
            let running = worker(database, time) { run, transaction in
                while run.attempt == 1 {
                    if (try? transaction.row("SELECT 1")) == nil { return }
                    rounds.withLock { $0 += 1 }
                }
            }
            try await enqueue(database, JobOptions(timeout: .seconds(1)), time)
            try await eventually("at work") { rounds.withLock { $0 > 0 } }
            time.advance(byNanoseconds: Nanoseconds.seconds(1))
            try await eventually("dead") { running.counters.deadLettered == 1 }
            #expect(try await database.depth().dead == 1)
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that never returns is named, and keeps no process from stopping; the next start takes its job up`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            let time = SteppedTime()
            let gate = DispatchSemaphore(value: 0)
            let entered = Mutex(false)
            let running = worker(database, time) { _, _ in
                entered.withLock { $0 = true }
                gate.wait()
            }
            try await enqueue(database, JobOptions(), time)
            try await eventually("at work") { entered.withLock { $0 } }
            #expect(running.worker.report.queues[0].overdue == [])
            time.advance(byNanoseconds: Nanoseconds.seconds(10))
            try await eventually("named") { running.worker.report.queues[0].overdue.map(\.run.kind) == ["test.count"] }
            // The drain's deadline, and what is left for leaving.
            let drained = Task { try await running.drain() }
            try await eventually("draining") {
                running.registry.reports.contains { $0.name == "jobs: end of drain" && $0.nextRun != nil }
            }
            time.advance(byNanoseconds: Nanoseconds.seconds(10))
            let isOver = Mutex(false)
            let end = Task {
                try await drained.value
                isOver.withLock { $0 = true }
            }
            try await eventually("over") {
                // Whenever it begins to wait for leaving, five seconds later that is over.
                time.advance(byNanoseconds: Nanoseconds.seconds(1))
                return isOver.withLock { $0 }
            }
            try await end.value
            let (state, holder) = try await database.read { transaction in
                let job = try JobStore(transaction: transaction).jobs(Note.queue, .running).first
                return (job?.state, job?.rescues)
            }
            #expect(state == .running, "as its process's end leaves it: nobody could take it back")
            #expect(holder == 0)
            gate.signal()
        }
    }
}
