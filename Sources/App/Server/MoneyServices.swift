import API
import Jobs
import Logging
import MarketMaking
import Persistence
import Scheduling

/// Durable jobs and outgoing messages of this server, and what operators see of them.
struct MoneyServices {
    let worker: JobWorker
    let relay: OutboxRelay
    let operations: Operations

    init(
        database: any SQLDatabase, configuration: ServerConfiguration, alarms: AlarmClock, time: any TimeSource,
        sagas: SagaRegistry = MoneyServices.sagas, logger: Logger
    ) {
        var handlers = JobHandlers()
        LedgerJobs.add(to: &handlers, database: database, time: time, logger: logger)
        RetentionJobs.add(to: &handlers, database: database, rules: configuration.retention)
        handlers.add(SagaTimeoutHandler(sagas))
        var settings = JobWorkerConfiguration(
            queues: Self.queues.map { QueueConfiguration($0, concurrency: 4) }, node: configuration.nodeName)
        settings.goesByDatabaseClock = true
        settings.schedules = LedgerJobs.schedules + RetentionJobs.schedules
        let worker = JobWorker(
            database: database, handlers: handlers, configuration: settings, clock: alarms, time: time, logger: logger)
        self.worker = worker
        // Nothing of today's server writes messages; whoever will brings the sink of its topic.
        relay = OutboxRelay(
            database: database, sink: TopicSinks([:]), time: time, goesByDatabaseClock: true, alarms: alarms,
            logger: logger)
        operations = Operations(
            database: database, time: time, alarms: alarms, queues: Self.queues, worker: { worker.report },
            sagas: sagas.all, pollsSnapshots: configuration.pollsSnapshots)
    }

    /// Says at a start that what an earlier verification found still stands. Where it cannot be read, health says that.
    static func tellFindings(_ database: any SQLDatabase, _ logger: Logger) async {
        guard let findings = try? await database.read({ try LedgerFindings.standing($0) }) else { return }
        logger.critical("\(findings)")
    }

    /// No saga of today's server; whoever brings one adds it here, and its deadlines and operators reach it.
    static let sagas = SagaRegistry([])

    /// Incoming payments have their own queue, whose health the API has always shown.
    static let queues: [QueueName] = [LedgerJobs.queue, "sagas", "snapshots"]
}
