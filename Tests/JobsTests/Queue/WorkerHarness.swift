import Foundation
import Jobs
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import TradingCore

/// What a job in the tests of the worker does: the test puts in a closure.
struct ClosureHandler: JobHandler {
    let body: @Sendable (Note, JobContext) async throws -> JobOutcome

    func perform(_ arguments: Note, context: JobContext) async throws -> JobOutcome {
        try await body(arguments, context)
    }
}

/// A worker with an alarm clock, on the system's time unless the test brings its own.
final class RunningWorker: Sendable {
    let worker: JobWorker
    let registry = ScheduleRegistry()
    private let tasks: [Task<Void, any Error>]

    init(
        _ database: any SQLDatabase, _ queue: QueueConfiguration = QueueConfiguration(Note.queue, concurrency: 4),
        time: any TimeSource = SystemTime(), handlers others: JobHandlers = JobHandlers(),
        _ change: (inout JobWorkerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (Note, JobContext) async throws -> JobOutcome
    ) {
        var handlers = others
        handlers.add(ClosureHandler(body: body))
        var configuration = JobWorkerConfiguration(queues: [queue])
        // Longer than any machine is slow: a late heartbeat is a test's own affair.
        configuration.lease = .seconds(60)
        configuration.heartbeatInterval = .milliseconds(100)
        configuration.rescueInterval = .milliseconds(50)
        // A poll that comes is a word that was lost: tests would wait for it for ever.
        configuration.pollInterval = .seconds(3_600)
        change(&configuration)
        let clock = AlarmClock(time: time, registry: registry)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let worker = JobWorker(
            database: database, handlers: handlers, configuration: configuration, clock: clock, time: time,
            logger: logger)
        self.worker = worker
        tasks = [Task { try await worker.run() }, Task { await clock.run() }]
    }

    var counters: JobCounters { worker.report.queues[0].counters }

    func drain() async throws {
        worker.drain()
        try await tasks[0].value
        tasks[1].cancel()
    }

    func stop() async {
        tasks[0].cancel()
        _ = try? await tasks[0].value
        tasks[1].cancel()
    }
}

/// What handlers did, in order.
final class Diary: Sendable {
    private let entries = Mutex<[Int]>([])

    func write(_ number: Int) { entries.withLock { $0.append(number) } }

    var numbers: [Int] { entries.withLock { $0 } }
}

struct TookTooLong: Error { var what: String }

/// Looks again and again, for at most a minute. Between two looks it lets go of its thread: a hundred tests that look without a
/// pause leave none to those who do what they wait for.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        if ContinuousClock.now > deadline { throw TookTooLong(what: what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension SQLDatabase {
    func enqueue(
        _ numbers: some Sequence<Int> & Sendable, _ options: JobOptions = JobOptions(),
        at now: Timestamp = SystemTime().now()
    ) async throws {
        try await write { transaction in
            for number in numbers {
                try JobStore(transaction: transaction).enqueue(Note(number: number), options, now: now)
            }
        }
    }

    func depth(at now: Timestamp = SystemTime().now()) async throws -> JobStore.Depth {
        try await read { try JobStore(transaction: $0).depths([Note.queue], now: now)[0] }
    }
}
