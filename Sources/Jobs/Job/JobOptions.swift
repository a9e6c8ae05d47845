public import TradingCore

/// How and when a job is run.
public struct JobOptions: Hashable, Sendable {
    /// When a job may start.
    public enum Start: Hashable, Sendable {
        case now
        case after(Duration)
        case at(Timestamp)
    }

    /// What becomes of a job whose last attempt failed.
    public enum Exhaustion: String, Hashable, Sendable {
        /// Kept until an operator retries or discards it.
        case deadLetter
        /// Finished as `discarded`, with its reason.
        case discard
    }

    /// While a job of this queue with this id exists, in whatever state, another one is not stored: the enqueueing returns
    /// the one that is there. A finished job exists until its retention ends.
    public var id: String?
    public var start: Start
    /// How often the handler may be run and fail, 1 or more. Snoozing and losing a worker use up none.
    public var attempts: Int
    /// How long to wait between a failure and the next attempt.
    public var backoff: Backoff
    /// Lower runs first, among jobs of a queue that may start.
    public var priority: Int
    /// Jobs of one key, in whatever queues, never overlap and run in the order of their enqueueing.
    ///
    /// The first one holds the key until it is finished: while it waits for its time or for its next attempt, its
    /// successors wait too. Priority orders the keys' first jobs, never the jobs of one key.
    public var serialKey: String?
    /// How long one attempt may take before its task is cancelled and it counts as failed; nil is the queue's.
    public var timeout: Duration?
    /// How often a job may be started again after its worker died with it. One more, and it is a dead letter: it probably
    /// kills its workers.
    public var maximumRescues: Int
    public var exhaustion: Exhaustion
    /// Whether a dead letter holds its ``serialKey`` until an operator decides. When false, its successors run without it.
    public var deadLetterHoldsKey: Bool
    /// Whether the row goes at once when the job is completed, discarded or cancelled, rather than with its queue's retention.
    public var isRemovedWhenFinished: Bool

    public init(
        id: String? = nil, start: Start = .now, attempts: Int = 1, backoff: Backoff = .none, priority: Int = 0,
        serialKey: String? = nil, timeout: Duration? = nil, maximumRescues: Int = 5,
        exhaustion: Exhaustion = .deadLetter, deadLetterHoldsKey: Bool = true, isRemovedWhenFinished: Bool = false
    ) {
        self.id = id
        self.start = start
        self.attempts = attempts
        self.backoff = backoff
        self.priority = priority
        self.serialKey = serialKey
        self.timeout = timeout
        self.maximumRescues = maximumRescues
        self.exhaustion = exhaustion
        self.deadLetterHoldsKey = deadLetterHoldsKey
        self.isRemovedWhenFinished = isRemovedWhenFinished
    }
}

extension Duration {
    /// Held at the ends of what 64 bits of nanoseconds can say, 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: Nanoseconds.perSecond)
        let (sum, carries) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        if overflow || carries { return seconds < 0 ? .min : .max }
        return sum
    }
}
