import Foundation
import Jobs
import Logging
import Persistence
import Scheduling

/// A process that is killed while it runs a job, and how soon the next one starts that job again: from the start of the process,
/// its own start included. The lease is an hour, so that nothing comes back by waiting for it.
struct Restart {
    let folder: String
    private var path: String { folder + "/jobs-restart.db" }

    /// Runs the job until it is killed.
    func hold() async throws {
        let database = try await SQLiteDatabase.open(path: path)
        try await Migrator(JobsMigrations.all).migrate(database)
        var handlers = JobHandlers()
        handlers.add(LongHandler())
        let time = SystemTime()
        let clock = AlarmClock(time: time, registry: ScheduleRegistry())
        var configuration = JobWorkerConfiguration(queues: [QueueConfiguration(LongJob.queue, concurrency: 1)])
        configuration.lease = .seconds(3_600)
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        let worker = JobWorker(
            database: database, handlers: handlers, configuration: configuration, clock: clock, time: time,
            logger: logger)
        let now = time.now()
        let isThere = try await database.read { transaction in
            try JobStore(transaction: transaction).depths([LongJob.queue], now: now).contains {
                $0.running + $0.ready > 0
            }
        }
        if !isThere {
            _ = try await database.write { try JobStore(transaction: $0).enqueue(LongJob(), now: time.now()) }
        }
        async let running: Void = clock.run()
        try await worker.run()
        await running
    }

    func measure(rounds: Int) throws {
        for suffix in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        _ = try startAndKill()
        var seconds: [Double] = []
        for _ in 0..<rounds { seconds.append(try startAndKill()) }
        seconds.sort()
        print(
            """
            {"work":"a killed job, from the next start of the process to its own","rounds":\(rounds),\
            "medianSeconds":\(seconds[rounds / 2]),"worstSeconds":\(seconds[rounds - 1])}
            """)
        for suffix in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    /// - Returns: seconds until the job began.
    private func startAndKill() throws -> Double {
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = [folder, "hold"]
        let output = Pipe()
        child.standardOutput = output
        let began = ContinuousClock.now
        try child.run()
        let word = output.fileHandleForReading.availableData
        let took = began.duration(to: .now)
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        guard String(decoding: word, as: UTF8.self).hasPrefix("started") else { throw CocoaError(.executableLoad) }
        return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    }
}

struct LongJob: JobArguments {
    static let kind = "benchmark.long"
    static let queue: QueueName = "long"
}

struct LongHandler: JobHandler {
    func perform(_ arguments: LongJob, context: JobContext) async throws -> JobOutcome {
        FileHandle.standardOutput.write(Data("started\n".utf8))
        try await Task.sleep(for: .seconds(3_600))
        return .done
    }
}
