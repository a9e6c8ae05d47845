import Jobs
import Ledger
import Logging
import Persistence
import Scheduling
import TradingCore

/// The money core: deposits and reservations, the jobs that settle them, messages about both, and their receiver.
struct CoreWorkload: CrashWorkload {
    static let name = "core"
    private let time = SystemTime()

    var migrations: [Migration] {
        LedgerMigrations.all + JobsMigrations.all + OutboxMigrations.all + [
            Migration("core-1") { transaction in
                try transaction.execute("CREATE TABLE core_accepted (step TEXT NOT NULL PRIMARY KEY) STRICT")
                try transaction.execute(
                    "CREATE TABLE core_effect (step TEXT NOT NULL PRIMARY KEY, times INTEGER NOT NULL) STRICT")
                // No key: what is applied twice shall show.
                try transaction.execute(
                    """
                    CREATE TABLE core_applied (
                        place INTEGER NOT NULL, message_id TEXT NOT NULL, lane_key TEXT NOT NULL, number INTEGER NOT NULL
                    ) STRICT
                    """)
                try transaction.execute(
                    "CREATE TABLE core_received (message_id TEXT NOT NULL PRIMARY KEY, times INTEGER NOT NULL) STRICT")
            }
        ]
    }

    func step(_ step: StepID, in database: any SQLDatabase) async throws {
        let (plan, time) = (CoreStep(step), time)
        try await database.write { try plan.accept(in: $0, now: time.now()) }
    }

    // MARK: - What works beside the steps

    func serve(_ database: any SQLDatabase) async {
        let logger = Logger(label: "crash-child") { _ in SwiftLogNoOpLogHandler() }
        let clock = AlarmClock(time: time, registry: ScheduleRegistry())
        var handlers = JobHandlers()
        handlers.add(EndInsideHandler(time: time))
        handlers.add(EndAtOnceHandler(time: time))
        handlers.add(EndOutsideHandler(time: time))
        let worker = JobWorker(
            database: database, handlers: handlers,
            configuration: JobWorkerConfiguration(queues: [QueueConfiguration("crash", concurrency: 3)]),
            clock: clock, time: time, logger: logger)
        var rules = OutboxRules()
        // Short, so that a life need not wait for the lease of the one before.
        rules.leaseNanoseconds = Nanoseconds.milliseconds(200)
        rules.firstDelayNanoseconds = Nanoseconds.milliseconds(10)
        rules.maximumFailures = 1_000
        let relay = OutboxRelay(
            database: database, sink: CoreReceiver(database: database, time: time), rules: rules, time: time,
            alarms: clock, logger: logger)
        await withTaskGroup { group in
            group.addTask { await clock.run() }
            group.addTask { try? await worker.run() }
            group.addTask { try? await relay.run() }
        }
    }

    func isQuiet(_ database: any SQLDatabase) async throws -> Bool {
        try await database.read { transaction in
            let waiting = try transaction.row(
                """
                SELECT (SELECT COUNT(*) FROM jobs WHERE state NOT IN ('completed', 'dead'))
                    + (SELECT COUNT(*) FROM outbox_messages WHERE status = 'pending') AS n
                """)
            return try waiting?.get("n", as: Int.self) == 0
        }
    }
}

/// Who the messages are for. It shares our database, and applies each message once.
private struct CoreReceiver: MessageSink {
    let database: any SQLDatabase
    let time: any TimeSource

    func send(_ message: OutboxMessage, fence: Int64) async throws {
        let time = time
        try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO core_received (message_id, times) VALUES (\(message.id), 1)
                ON CONFLICT (message_id) DO UPDATE SET times = core_received.times + 1
                """)
            _ = try Receipts(transaction: transaction).once(
                consumer: "crash-child", key: message.id, content: message.payload, now: time.now()
            ) {
                try transaction.execute(
                    """
                    INSERT INTO core_applied (place, message_id, lane_key, number)
                    SELECT COUNT(*), \(message.id), \(message.lane.key), \(message.number) FROM core_applied
                    """)
            }
        }
    }
}
