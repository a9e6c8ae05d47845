import Persistence
public import TradingCore

extension JobStore {
    /// Completes a job. What else is done in this transaction commits together with it.
    /// - Returns: false, with nothing changed, when the lease is no longer the job's: then the effect must not happen.
    public func complete(_ job: ClaimedJob, now: Timestamp) throws -> Bool {
        let changed =
            if job.isRemovedWhenFinished {
                try transaction.execute(
                    """
                    DELETE FROM jobs WHERE id = \(job.id) AND \(raw: Self.isRunning) AND claims = \(job.lease.number)
                    """)
            } else {
                try transaction.execute(
                    SQL(Self.completion, [now.sqlValue, job.id.sqlValue, job.lease.number.sqlValue]))
            }
        if changed == 1, let key = job.run.serialKey { try promoteSuccessor(key, now: now) }
        return changed == 1
    }

    /// As ``complete(_:now:)``, told after the commit, for a job in whose completion nothing else is done.
    /// - Returns: 1 when it was the lease's to complete; nil for a job of a serial key, and one that is removed: those need an answer
    ///   at once.
    func completeLater(_ job: ClaimedJob, now: Timestamp) throws -> LaterChanges? {
        if job.isRemovedWhenFinished || job.run.serialKey != nil { return nil }
        return try transaction.executeLater(
            SQL(Self.completion, [now.sqlValue, job.id.sqlValue, job.lease.number.sqlValue]))
    }

    /// Of a job found by its number. Written so that a planner does not see that the index of running jobs would do as well: that is
    /// small in PostgreSQL's statistics, and full of those that ran a moment ago, all of which it would walk for each job.
    static let isRunning = "COALESCE(state, '') = 'running'"

    private static let completion = SQLStatement(
        """
        UPDATE jobs SET state = 'completed', finished_at = ?, worker_id = NULL, lane = NULL
        WHERE id = ? AND \(isRunning) AND claims = ?
        """,
        gathered: GatheredStatement(
            "SELECT jobs_complete($1, $2, $3)", [.integer, .integer, .integer]))

    /// Records a failed attempt: to be tried again, snoozed, discarded or dead.
    /// - Parameters:
    ///   - reason: kept with the job, cut at 4,096 bytes.
    ///   - seed: for the jitter; mixed with the job's id and its failures.
    /// - Returns: where the job stands now; nil, with nothing changed, when the lease is no longer the job's.
    public func fail(
        _ job: ClaimedJob, _ disposition: JobDisposition, reason: String?, seed: UInt64 = 0, now: Timestamp
    ) throws -> JobState? {
        try end(job.lease, reason: reason, now: now) { standing in
            let mixed = seed ^ UInt64(bitPattern: job.id.rawValue) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(standing.failures)
            return .afterFailure(standing, disposition, seed: mixed, now: now)
        }
    }

    /// Gives a job back unfinished, as if it had not been claimed.
    /// - Returns: as ``fail(_:_:reason:seed:now:)``.
    public func release(_ job: ClaimedJob, now: Timestamp) throws -> JobState? {
        try end(job.lease, reason: nil, now: now, JobDecision.afterRelease)
    }

    /// - Returns: false when the lease is no longer the job's.
    public func progress(_ lease: JobLease, _ text: String) throws -> Bool {
        try transaction.execute(
            """
            UPDATE jobs SET progress = \(text.cut(4_096))
            WHERE id = \(lease.id) AND \(raw: Self.isRunning) AND claims = \(lease.number)
            """) == 1
    }

    /// Which of a worker's running jobs somebody wants to be cancelled.
    package func cancelRequests(_ worker: JobWorkerID) throws -> [JobID] {
        try transaction.rows(
            """
            SELECT id FROM jobs WHERE worker_id = \(worker) AND state = 'running' AND is_cancel_requested = 1 ORDER BY id
            """
        ).map { try $0.get(0) }
    }

    // MARK: -

    /// Ends a lease as `decide` says.
    /// - Parameter skipsLocked: whether a job that another node has locked is passed over, as if its lease were over.
    /// - Returns: nil when it is no longer the job's.
    func end(
        _ lease: JobLease, reason: String?, now: Timestamp, isRescue: Bool = false, skipsLocked: Bool = false,
        _ decide: (JobDecision.Standing) -> JobDecision
    ) throws -> JobState? {
        let row = try transaction.row(
            """
            SELECT queue, lane, failures, attempts, rescues, maximum_rescues, backoff, is_discarded_when_exhausted,
                is_cancel_requested, dead_letter_holds_key, is_removed_when_finished
            FROM jobs WHERE id = \(lease.id) AND \(raw: Self.isRunning) AND claims = \(lease.number)
                \(postgres: skipsLocked ? "FOR UPDATE SKIP LOCKED" : "FOR UPDATE")
            """)
        guard let row else { return nil }
        // One row that cannot be read must not keep a dead worker's other jobs from being rescued: it is an operator's.
        let standing = try standing(row)
        let decision = standing.map(decide) ?? .dead
        let reason = standing == nil ? try unreadable(row, reason) : reason
        let (lane, queue): (String?, QueueName) = (try row.get(1), try row.get(0))
        let keepsLane = try keepsLane(decision, deadLetterHoldsKey: row.get(9))
        if decision.state.isFinished, try row.get(10) {
            try transaction.execute("DELETE FROM jobs WHERE id = \(lease.id)")
        } else {
            try store(decision, lease.id, lane: keepsLane ? lane : nil, reason: reason, isRescue: isRescue, now: now)
        }
        if let lane, !keepsLane { try promoteSuccessor(lane, now: now) }
        if decision.state == .ready || decision.state == .delayed { try transaction.notify(queue.channel) }
        return decision.state
    }

    /// - Returns: nil for a backoff of a form that this version does not know.
    private func standing(_ row: SQLRow) throws -> JobDecision.Standing? {
        guard let backoff = Backoff(stored: try row.get(6)) else { return nil }
        return JobDecision.Standing(
            failures: try row.get(2), attempts: try row.get(3), rescues: try row.get(4),
            maximumRescues: try row.get(5), backoff: backoff,
            exhaustion: try row.get(7, as: Bool.self) ? .discard : .deadLetter, isCancelRequested: try row.get(8))
    }

    /// Both why it cannot go on and what ended its attempt.
    private func unreadable(_ row: SQLRow, _ reason: String?) throws -> String {
        let backoff = try row.get(6, as: String?.self) ?? "nothing"
        return "its backoff cannot be read: \(backoff.cut(256))" + (reason.map { "; its attempt ended: \($0)" } ?? "")
    }

    private func keepsLane(_ decision: JobDecision, deadLetterHoldsKey: Bool) -> Bool {
        switch decision {
        case .ready, .retried, .snoozed: true
        case .dead: deadLetterHoldsKey
        case .discarded, .cancelled: false
        }
    }

    private func store(
        _ decision: JobDecision, _ id: JobID, lane: String?, reason: String?, isRescue: Bool, now: Timestamp
    ) throws {
        let (runAt, isFailure): (Timestamp?, Bool) =
            switch decision {
            case .retried(let moment): (moment, true)
            case .snoozed(let moment): (moment, false)
            case .dead: (nil, !isRescue)
            case .discarded: (nil, true)
            case .ready, .cancelled: (nil, false)
            }
        let finishedAt = decision.state.isFinished ? now : nil
        let diedAt = decision.state == .dead ? now : nil
        try transaction.execute(
            """
            UPDATE jobs SET state = \(decision.state), worker_id = NULL, lane = \(lane.sqlValue),
                run_at = COALESCE(\(runAt.sqlValue), run_at), finished_at = \(finishedAt.sqlValue), died_at = \(diedAt.sqlValue),
                failures = failures + \(isFailure ? 1 : 0), rescues = rescues + \(isRescue ? 1 : 0),
                reason = COALESCE(\((reason?.cut(4_096)).sqlValue), reason), is_cancel_requested = 0
            WHERE id = \(id)
            """)
    }
}

extension String {
    /// Its first bytes, at most `count`, cut between characters.
    func cut(_ count: Int) -> String {
        if utf8.count <= count { return self }
        var end = utf8.index(startIndex, offsetBy: count)
        while end.samePosition(in: self) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
