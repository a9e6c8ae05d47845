import Foundation
import Jobs
import Logging
import Persistence
import Scheduling
import Synchronization
import TradingCore

/// A job that does nothing but say that it was run.
struct NoOp: JobArguments {
    static let kind = "benchmark.no-op"
    static let queue: QueueName = "bench"
    static var options: JobOptions { JobOptions() }

    var number: Int
}

/// Nothing to do, in a queue whose jobs are handled outside a transaction.
struct NoOpHandler: JobHandler {
    let arrivals: Arrivals

    func perform(_ arguments: NoOp, context: JobContext) async throws -> JobOutcome {
        arrivals.started(arguments.number)
        return .done
    }
}

struct TransactionalNoOp: JobArguments {
    static let kind = "benchmark.transactional-no-op"
    static let queue: QueueName = "bench"

    var number: Int
}

struct TransactionalNoOpHandler: TransactionalJobHandler {
    let arrivals: Arrivals

    func perform(_ arguments: TransactionalNoOp, run: JobRun, transaction: any SQLTransaction) throws {
        arrivals.started(arguments.number)
    }
}

/// Done by the commit that enqueues it.
struct ImmediateNoOp: JobArguments {
    static let kind = "benchmark.immediate-no-op"
    static let queue: QueueName = "bench"

    var number: Int
}

struct ImmediateNoOpHandler: TransactionalJobHandler {
    static var isImmediate: Bool { true }
    let arrivals: Arrivals

    func perform(_ arguments: ImmediateNoOp, run: JobRun, transaction: any SQLTransaction) throws {
        arrivals.started(arguments.number)
    }
}

/// When handlers started.
final class Arrivals: Sendable {
    private let time: SystemTime
    private let moments = Mutex<[Int: Int64]>([:])

    init(_ time: SystemTime) { self.time = time }

    func started(_ number: Int) {
        guard number >= 0 else { return }
        let now = time.now().nanoseconds
        moments.withLock { $0[number] = now }
    }

    func moment(_ number: Int) -> Int64? { moments.withLock { $0[number] } }
}

/// A server's worth: a database of its own, an alarm clock, a worker.
struct Bench {
    let database: any SQLDatabase
    let worker: JobWorker
    let time: SystemTime
    let arrivals: Arrivals
    /// One word for each job whose end is stored.
    let ends: AsyncStream<Void>
    private let tasks: [Task<Void, any Error>]
    private let path: String

    /// - Parameter url: of an empty PostgreSQL database; nil is a file of its own in `folder`.
    init(_ name: String, folder: String, concurrency: Int, url: String? = nil) async throws {
        path = "\(folder)/\(name).db"
        for suffix in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let database = try await Databases.open(url: url, path: path)
        try await Migrator(JobsMigrations.all).migrate(database)
        let time = SystemTime()
        let arrivals = Arrivals(time)
        var handlers = JobHandlers()
        handlers.add(NoOpHandler(arrivals: arrivals))
        handlers.add(TransactionalNoOpHandler(arrivals: arrivals))
        handlers.add(ImmediateNoOpHandler(arrivals: arrivals))
        let clock = AlarmClock(time: time, registry: ScheduleRegistry())
        var logger = Logger(label: "benchmark")
        logger.logLevel = .warning
        let (ends, word) = AsyncStream.makeStream(of: Void.self)
        self.ends = ends
        var configuration = JobWorkerConfiguration(
            queues: [QueueConfiguration("bench", concurrency: concurrency, retention: nil, maximumFinished: nil)])
        if concurrency == 1 { configuration.observer = { _ in word.yield() } }
        let worker = JobWorker(
            database: database, handlers: handlers, configuration: configuration,
            clock: clock, time: time, logger: logger)
        tasks = [Task { await clock.run() }, Task { try await worker.run() }]
        (self.database, self.time, self.arrivals, self.worker) = (database, time, arrivals, worker)
        while worker.report.worker == nil { try await Task.sleep(for: .milliseconds(1)) }
    }

    func close() async {
        for task in tasks { task.cancel() }
        for task in tasks { _ = try? await task.value }
        await database.close()
        for suffix in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    var completed: Int { worker.report.queues[0].counters.completed }

    func enqueue<Arguments: JobArguments>(_ arguments: Arguments) async throws {
        let (job, time) = (try NewJob(arguments), time)
        try await database.write { transaction in
            try JobStore(transaction: transaction).post(job, now: time.now())
        }
    }

    func waitUntilCompleted(_ count: Int) async throws {
        while completed < count { try await Task.sleep(for: .microseconds(200)) }
    }
}

/// Seconds that this process has used on all cores.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
