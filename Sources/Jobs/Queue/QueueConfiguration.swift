import Persistence

/// How one process works on one queue.
public struct QueueConfiguration: Hashable, Sendable {
    public var name: QueueName
    /// How many jobs of the queue this process runs at a time. Other processes have their own.
    public var concurrency: Int
    /// How many may start in a while, over all processes; nil is no limit.
    public var rate: JobRate?
    /// How long an attempt may take where the job does not say; nil is no limit.
    public var timeout: Duration?
    /// How long finished jobs stay, and how many of each outcome at most; nil is no limit. Dead letters stay until somebody
    /// decides about them.
    public var retention: Duration?
    public var maximumFinished: Int?

    public init(
        _ name: QueueName, concurrency: Int = 1, rate: JobRate? = nil, timeout: Duration? = nil,
        retention: Duration? = .seconds(7 * 86_400), maximumFinished: Int? = 100_000
    ) {
        self.name = name
        self.concurrency = max(1, concurrency)
        self.rate = rate
        self.timeout = timeout
        self.retention = retention
        self.maximumFinished = maximumFinished
    }
}

/// How a process works on jobs.
public struct JobWorkerConfiguration: Sendable {
    public var queues: [QueueConfiguration]
    /// The same at every start of one node, and on no other: a node that restarts takes back at once what it held.
    public var node: String
    /// Whether no other process can have the database open, as with an embedded one: then a start takes over what any
    /// earlier process held. Nil goes by the engine.
    public var ownsDatabase: Bool?
    /// At the latest so long after a worker's last heartbeat its jobs are with others, see ``WorkerWatch``.
    public var lease: Duration = .seconds(5)
    /// A quarter of the lease at most.
    public var heartbeatInterval: Duration = .milliseconds(1_250)
    /// How often it is looked who is dead; a fifth of the lease at most.
    public var rescueInterval: Duration = .seconds(1)
    /// How often a queue is looked at when no word comes: a word can be lost.
    public var pollInterval: Duration = .seconds(2)
    public var retentionInterval: Duration = .seconds(60)
    /// How long running jobs may go on once the process is to stop. Then they are cancelled and given back.
    public var drainDeadline: Duration = .seconds(10)
    /// How long a transactional handler may hold the writer, where neither its job nor its queue says less. Its next statement
    /// is refused then, which fails the attempt. Where other processes judge by this one's heartbeats half a lease at most.
    public var transactionLimit: Duration = .seconds(10)
    /// How long the process waits, after the drain's deadline, for handlers and for the database to take back what was not
    /// finished. Then it stops all the same, and the next start takes it back.
    public var leavingLimit: Duration = .seconds(5)
    public var schedules: [JobSchedule] = []
    /// Whether ticks, delays, backoffs and retention go by the database server's clock, where there is one: nodes whose clocks differ then
    /// agree what is due.
    public var goesByDatabaseClock = false
    /// For the jitter of backoffs.
    public var seed: UInt64 = 0
    /// Told of each job whose attempt has ended and is stored. Must not wait.
    public var observer: (@Sendable (JobRun) -> Void)?

    // Small values make rare paths common in tests.

    /// At most so many jobs are claimed, rescued or removed in one transaction.
    public var maximumBatch = 256

    /// The rows that a handler locks other nodes wait for, and what it does they see only afterwards: it must be over well before a node
    /// is taken for dead, see ``WorkerWatch``.
    func transactionLimit(on dialect: SQLDialect) -> Duration {
        ownsDatabase ?? (dialect == .sqlite) ? transactionLimit : min(transactionLimit, lease / 2)
    }

    public init(queues: [QueueConfiguration], node: String = "local") {
        self.queues = queues
        self.node = node
    }
}
