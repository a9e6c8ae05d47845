import Persistence
public import TradingCore

/// What operators and the code that enqueued a job may do to it.
extension JobStore {
    public enum Cancellation: Hashable, Sendable {
        /// It will not run.
        case cancelled
        /// It is running; its worker is told to stop it.
        case requested
        /// It is over, or there is none.
        case tooLate
    }

    /// Cancels a job. A running one is asked to stop and may still complete; a dead letter is discarded.
    public func cancel(_ id: JobID, now: Timestamp) throws -> Cancellation {
        guard let job = try standing(id) else { return .tooLate }
        switch job.state {
        case .ready, .delayed, .waiting:
            try finish(id, job, as: .cancelled, reason: "cancelled", now: now)
            return .cancelled
        case .running:
            try transaction.execute("UPDATE jobs SET is_cancel_requested = 1 WHERE id = \(id)")
            try transaction.notify(QueueName.controlChannel)
            return .requested
        case .dead:
            try finish(id, job, as: .discarded, reason: nil, now: now)
            return .cancelled
        case .completed, .discarded, .cancelled: return .tooLate
        }
    }

    /// Gives a dead letter all its attempts again. If its serial key went on without it, it goes to the front of those that wait.
    /// - Returns: false when it is no dead letter.
    public func retry(_ id: JobID, now: Timestamp) throws -> Bool {
        let row = try transaction.row(
            """
            UPDATE jobs SET failures = 0, rescues = 0, run_at = \(now), died_at = NULL, lane = serial_key,
                state = CASE WHEN EXISTS (SELECT 1 FROM jobs AS other
                    WHERE other.lane = jobs.serial_key AND other.id <> jobs.id) AND lane IS NULL
                    THEN 'waiting' ELSE 'ready' END
            WHERE id = \(id) AND state = 'dead'
            RETURNING queue
            """)
        guard let queue = try row?.get(0, as: QueueName.self) else { return false }
        try transaction.notify(queue.channel)
        return true
    }

    /// Gives a dead letter up. What waits behind it in its serial key goes on.
    /// - Returns: false when it is no dead letter.
    public func discard(_ id: JobID, now: Timestamp) throws -> Bool {
        guard let job = try standing(id), job.state == .dead else { return false }
        try finish(id, job, as: .discarded, reason: nil, now: now)
        return true
    }

    public func isRunning(_ id: JobID) throws -> Bool { try standing(id)?.state == .running }

    /// Nothing is started from this queue any more, on any node, until it is resumed. What runs goes on.
    public func pause(_ queue: QueueName, now: Timestamp) throws {
        try transaction.execute(
            """
            INSERT INTO job_paused_queues (queue, paused_at) VALUES (\(queue), \(now)) ON CONFLICT (queue) DO NOTHING
            """)
    }

    public func resume(_ queue: QueueName) throws {
        try transaction.execute("DELETE FROM job_paused_queues WHERE queue = \(queue)")
        try transaction.notify(queue.channel)
    }

    public func pausedQueues() throws -> [QueueName] {
        try transaction.rows("SELECT queue FROM job_paused_queues ORDER BY queue").map { try $0.get(0) }
    }

    // MARK: -

    private struct Standing {
        var state: JobState
        var lane: String?
        var isRemovedWhenFinished: Bool
    }

    private func standing(_ id: JobID) throws -> Standing? {
        try transaction.row(
            """
            SELECT state, lane, is_removed_when_finished FROM jobs WHERE id = \(id) \(postgres: "FOR UPDATE")
            """
        ).map { Standing(state: try $0.get(0), lane: try $0.get(1), isRemovedWhenFinished: try $0.get(2)) }
    }

    /// Ends a job that is not running.
    private func finish(
        _ id: JobID, _ job: Standing, as state: JobState, reason: String?, now: Timestamp
    ) throws {
        if job.isRemovedWhenFinished {
            try transaction.execute("DELETE FROM jobs WHERE id = \(id)")
        } else {
            try transaction.execute(
                """
                UPDATE jobs SET state = \(state), finished_at = \(now), died_at = NULL, lane = NULL, reason = COALESCE(\(reason.sqlValue), reason)
                WHERE id = \(id)
                """)
        }
        if let lane = job.lane, job.state != .waiting { try promoteSuccessor(lane, now: now) }
    }
}
