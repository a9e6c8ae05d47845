import Synchronization
public import TradingCore

/// What a process did with the jobs of a queue since it started.
public struct JobCounters: Hashable, Sendable {
    public var started = 0
    public var completed = 0
    /// Attempts that failed, whatever came of it.
    public var failed = 0
    public var timedOut = 0
    public var snoozed = 0
    public var deadLettered = 0
    public var discarded = 0
    public var cancelled = 0
    /// Given back unfinished, at a shutdown.
    public var released = 0
    /// Attempts whose job belonged to somebody else when they ended: their effects in the database did not happen.
    public var leasesLost = 0
    /// From when a job could have been started to its start, summed, and the longest. In nanoseconds.
    public var waitNanoseconds: Int64 = 0
    public var maximumWaitNanoseconds: Int64 = 0
    /// In handlers, summed.
    public var workNanoseconds: Int64 = 0
    /// When an attempt last ended well: its job completed, or put off by itself.
    public var lastProgress: Timestamp?

    public init() {}

    mutating func count(_ end: JobEnd, now: Timestamp) {
        if end == .completed || end == .snoozed { lastProgress = now }
        switch end {
        case .completed: completed += 1
        case .retried: failed += 1
        case .snoozed: snoozed += 1
        case .dead:
            failed += 1
            deadLettered += 1
        case .discarded:
            failed += 1
            discarded += 1
        case .cancelled: cancelled += 1
        case .released: released += 1
        case .leaseLost: leasesLost += 1
        }
    }
}

/// How an attempt ended.
enum JobEnd: Hashable, Sendable {
    case completed, retried, snoozed, dead, discarded, cancelled, released, leaseLost

    /// Nil where nothing went wrong with the job.
    var failure: String? {
        switch self {
        case .completed, .snoozed, .released: nil
        case .retried: "it failed, and is tried again"
        case .dead: "it is a dead letter"
        case .discarded: "it failed, and was given up"
        case .cancelled: "it was cancelled"
        case .leaseLost: "its lease was lost: another worker has it"
        }
    }
}

/// A process's worker at a moment.
public struct JobWorkerReport: Hashable, Sendable {
    public struct Queue: Hashable, Sendable {
        public let name: QueueName
        public let concurrency: Int
        /// Handlers at work.
        public let running: Int
        /// Of them those that were told to stop, have had the time for it, and have not returned yet.
        public let overdue: [OverdueJob]
        public let counters: JobCounters
        /// What this process cannot do about the queue at the moment.
        public var faults: [JobFault] = []
    }

    /// In the order of the configuration.
    public let queues: [Queue]
    /// Nil when it is not registered at the moment.
    public let worker: JobWorkerID?
    /// Jobs of dead workers that this process made ready again.
    public let rescued: Int
    /// How often this worker was given up for dead while it lived.
    public let registrationsLost: Int
    /// What keeps this worker from working on any of its queues at the moment.
    public var faults: [JobFault] = []
}
