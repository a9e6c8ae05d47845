import Jobs
import Logging
import Persistence
import Scheduling
import TradingCore

/// One node of several on one database, or the only one on its own: works on a queue until it is killed, and keeps a tick.
///
///     crash-child node=a database=postgres://… [lease=SECONDS]
///
/// Lines: `working` once it takes jobs, `started ID` when a handler begins.
struct ClusterNode {
    let name: String
    let lease: Duration
    let database: any SQLDatabase
    private let time = SystemTime()

    static var migrations: [Migration] {
        JobsMigrations.all + [
            Migration("cluster-1") { transaction in
                // No keys: what happens twice shall show.
                try transaction.execute(
                    "CREATE TABLE cluster_starts (job TEXT NOT NULL, node TEXT NOT NULL, at INTEGER NOT NULL) STRICT")
                try transaction.execute("CREATE TABLE cluster_effects (job TEXT NOT NULL, node TEXT NOT NULL) STRICT")
            }
        ]
    }

    static func run(_ arguments: [String: String]) async {
        guard let name = arguments["node"], let place = arguments["database"] else {
            return Line.write("violation arguments not understood: \(CommandLine.arguments)")
        }
        do {
            let database = try await Databases.open(url: place.contains("://") ? place : nil, path: place)
            try await Migrator(migrations).migrate(database)
            let lease = Duration.seconds(arguments["lease"].flatMap { Int($0) } ?? 1)
            try await ClusterNode(name: name, lease: lease, database: database).work()
        } catch { Line.write("violation \(error)") }
    }

    private func work() async throws {
        let logger = Logger(label: "crash-child") { _ in SwiftLogNoOpLogHandler() }
        let clock = AlarmClock(time: time, registry: ScheduleRegistry())
        var handlers = JobHandlers()
        handlers.add(ClusterWorkHandler(node: self))
        handlers.add(ClusterTickHandler(node: name))
        var configuration = JobWorkerConfiguration(
            queues: [QueueConfiguration(ClusterWork.queue, concurrency: 4)], node: name)
        configuration.lease = lease
        configuration.schedules = [
            JobSchedule("cluster.tick", .every(.milliseconds(200)), catchUp: .once) { tick in
                try NewJob(ClusterTick(tick: tick.nanoseconds))
            }
        ]
        let worker = JobWorker(
            database: database, handlers: handlers, configuration: configuration, clock: clock, time: time,
            logger: logger)
        Line.write("working")
        await withTaskGroup { group in
            group.addTask { await clock.run() }
            group.addTask { try? await worker.run() }
        }
    }

    fileprivate func began(_ job: String) async throws {
        let (node, now) = (name, time.now())
        _ = try await database.write { transaction in
            try transaction.execute(
                "INSERT INTO cluster_starts (job, node, at) VALUES (\(job), \(node), \(now.nanoseconds))")
        }
        Line.write("started \(job)")
    }

    fileprivate func wait(_ milliseconds: Int64) async throws {
        try await time.sleep(until: time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(milliseconds)))
    }
}

/// Deals with the world outside for a while, and then has an effect.
struct ClusterWork: JobArguments {
    static let kind = "cluster.work"
    static let queue: QueueName = "cluster"
    var name: String
    var milliseconds: Int64
}

struct ClusterTick: JobArguments {
    static let kind = "cluster.tick"
    static let queue: QueueName = "cluster"
    var tick: Int64
}

private struct ClusterWorkHandler: JobHandler {
    let node: ClusterNode

    func perform(_ arguments: ClusterWork, context: JobContext) async throws -> JobOutcome {
        try await node.began(arguments.name)
        try await node.wait(arguments.milliseconds)
        let name = node.name
        return .commit { transaction in
            try transaction.execute("INSERT INTO cluster_effects (job, node) VALUES (\(arguments.name), \(name))")
        }
    }
}

private struct ClusterTickHandler: TransactionalJobHandler {
    let node: String

    func perform(_ arguments: ClusterTick, run: JobRun, transaction: any SQLTransaction) throws {
        try transaction.execute(
            "INSERT INTO cluster_effects (job, node) VALUES (\("tick \(arguments.tick)"), \(node))")
    }
}
