import Persistence
public import TradingCore

extension JobStore {
    /// How many jobs of each live state a queue has, and how many finished ones are kept.
    public struct Depth: Hashable, Sendable {
        public let queue: QueueName
        /// May start now: ready ones, and delayed ones whose time has come, whether or not anybody has looked since.
        public internal(set) var ready = 0
        /// Their time is still to come.
        public internal(set) var delayed = 0
        /// For an earlier job of their serial key.
        public internal(set) var waiting = 0
        public internal(set) var running = 0
        public internal(set) var dead = 0
        /// Counted up to ``JobStore/maximumCount``.
        public internal(set) var completed = 0
        public internal(set) var discarded = 0
        public internal(set) var cancelled = 0
        public internal(set) var isPaused = false
        /// Since when the one of ``waiting`` is due that has been due longest: a job of its serial key runs, fails, or lies dead before it.
        public internal(set) var oldestWaiting: Timestamp?
        /// Since when the one of ``ready`` is due that has been due longest, whatever its priority and number.
        public internal(set) var oldestReady: Timestamp?
        /// When the newest of the completed jobs that are kept was completed. Those that are removed leave no trace.
        public internal(set) var lastCompleted: Timestamp?

        /// Since when the job is due that has been due longest, whatever it waits for.
        public var oldestDue: Timestamp? { [oldestReady, oldestWaiting].compactMap { $0 }.min() }

        /// Jobs that somebody still has to do something about: not the finished ones.
        public var live: Int { ready + delayed + waiting + running + dead }
    }

    /// Finished jobs are counted no further.
    public static let maximumCount = 100_000

    /// - Returns: one for each of `queues`, in that order.
    public func depths(_ queues: [QueueName], now: Timestamp) throws -> [Depth] {
        let paused = try pausedQueues()
        return try queues.map { queue in
            var depth = Depth(queue: queue)
            try readBacklog(&depth, now)
            depth.waiting = try count(queue, .waiting)
            depth.oldestWaiting = try span("queue = \(queue) AND state = 'waiting' AND run_at <= \(now)").earliest
            depth.running = try count(queue, .running)
            depth.dead = try count(queue, .dead)
            depth.completed = try countFinished(queue, .completed)
            depth.discarded = try countFinished(queue, .discarded)
            depth.cancelled = try countFinished(queue, .cancelled)
            depth.isPaused = paused.contains(queue)
            depth.lastCompleted = try lastCompleted(queue)
            return depth
        }
    }

    /// Numbers and the longest wait in one walk over an index each, which costs little more than counting: 10 to 40 ms for 100,000 jobs.
    /// An index by age would answer at once, and be written to twice for every job.
    private func readBacklog(_ depth: inout Depth, _ now: Timestamp) throws {
        let ready = try span("queue = \(depth.queue) AND state = 'ready'")
        let overdue = try span("queue = \(depth.queue) AND state = 'delayed' AND run_at <= \(now)")
        depth.ready = ready.count + overdue.count
        depth.delayed = try span("queue = \(depth.queue) AND state = 'delayed' AND run_at > \(now)").count
        depth.oldestReady = [ready.earliest, overdue.earliest].compactMap { $0 }.min()
    }

    private func span(_ condition: SQL) throws -> (count: Int, earliest: Timestamp?) {
        guard let row = try transaction.row("SELECT COUNT(*), MIN(run_at) FROM jobs WHERE " + condition) else {
            return (0, nil)
        }
        return (try row.get(0), try row.get(1))
    }

    private func lastCompleted(_ queue: QueueName) throws -> Timestamp? {
        try transaction.row(
            """
            SELECT finished_at FROM jobs WHERE queue = \(queue) AND state = 'completed' AND finished_at IS NOT NULL
            ORDER BY finished_at DESC LIMIT 1
            """)?.get(0)
    }

    private func count(_ queue: QueueName, _ state: JobState) throws -> Int {
        try transaction.row(
            "SELECT COUNT(*) FROM jobs WHERE queue = \(queue) AND state = '\(raw: state.rawValue)'")?.get(0) ?? 0
    }

    private func countFinished(_ queue: QueueName, _ state: JobState) throws -> Int {
        try transaction.row(
            """
            SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE queue = \(queue) AND state = \(state)
                AND finished_at IS NOT NULL LIMIT \(Self.maximumCount)) AS kept
            """)?.get(0) ?? 0
    }
}
