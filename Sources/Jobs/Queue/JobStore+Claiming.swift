import Persistence
public import TradingCore

extension JobStore {
    /// What a claim found.
    public struct Batch: Hashable, Sendable {
        /// By priority, then in the order of enqueueing.
        public var jobs: [ClaimedJob] = []
        /// More may be ready than were asked for.
        public var isMore = false
        /// When the queue's next delayed job is due.
        public var nextDue: Timestamp?
        /// When the queue's rate lets the next job start, if it does not now.
        public var opensAt: Timestamp?
    }

    /// Makes due jobs ready, leases what the queue's rate lets through, and tells when to look again.
    /// - Parameters:
    ///   - limit: at most so many jobs, 1 or more.
    ///   - promotesDue: whether a delayed job may be due; saves a statement when none can be.
    public func claim(
        _ queue: QueueName, rate: JobRate? = nil, limit: Int, promotesDue: Bool = true, worker: JobWorkerID,
        now: Timestamp
    ) throws -> Batch {
        var batch = Batch()
        if promotesDue { try promoteDue(queue, limit: max(limit, Self.promotionLimit), now: now) }
        if let rate {
            let store = JobRateStore(transaction: transaction)
            guard try store.isFree(queue) else {
                batch.opensAt = now.advanced(byNanoseconds: JobRateStore.busyNanoseconds)
                batch.nextDue = try nextDue(queue)
                return batch
            }
            let allowed = min(limit, try store.available(queue, rate, now: now))
            if allowed > 0 { (batch.jobs, batch.isMore) = try lease(queue, allowed, worker, now) }
            batch.opensAt = try store.take(batch.jobs.count, queue, rate, now: now)
        } else {
            (batch.jobs, batch.isMore) = try lease(queue, limit, worker, now)
        }
        batch.nextDue = try nextDue(queue)
        return batch
    }

    /// So many delayed jobs become ready at a time.
    static let promotionLimit = 500

    /// No two workers can lease the same job: one statement does it, or the only transaction that writes. Nothing is leased
    /// from a paused queue, nor by a worker that was given up for dead: nobody would notice if it died with the job.
    private func lease(
        _ queue: QueueName, _ limit: Int, _ worker: JobWorkerID, _ now: Timestamp
    ) throws -> (jobs: [ClaimedJob], isMore: Bool) {
        if transaction.dialect == .sqlite {
            let (rows, isMore) = try leaseOneByOne(queue, limit, worker, now)
            return (try rows.map { try claimed($0, queue, worker, now) }, isMore)
        }
        let rows = try transaction.rows(
            """
            UPDATE jobs SET state = 'running', claims = claims + 1, worker_id = \(worker), started_at = \(now)
            WHERE id IN (
                SELECT id FROM jobs WHERE queue = \(queue) AND state = 'ready'
                    AND EXISTS (SELECT 1 FROM job_workers WHERE id = \(worker) AND lease_until > 0)
                    AND NOT EXISTS (SELECT 1 FROM job_paused_queues WHERE queue = \(queue))
                ORDER BY priority, id LIMIT \(limit) \(postgres: "FOR UPDATE SKIP LOCKED"))
            RETURNING \(raw: Self.claimedColumns)
            """)
        let jobs = try rows.map { try claimed($0, queue, worker, now) }
        return (jobs.sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }, jobs.count == limit)
    }

    private static let claimedColumns = """
        id, claims, kind, arguments, custom_id, lane, priority, attempts, failures, rescues, timeout, \
        is_removed_when_finished, enqueued_at, run_at
        """
    private static let ready = SQLStatement(
        """
        SELECT id, claims + 1, \(claimedColumns.dropFirst("id, claims, ".count)) FROM jobs
        WHERE queue = ? AND state = 'ready' AND EXISTS (SELECT 1 FROM job_workers WHERE id = ? AND lease_until > 0)
            AND NOT EXISTS (SELECT 1 FROM job_paused_queues WHERE queue = ?)
        ORDER BY priority, id LIMIT ?
        """)
    private static let leasing = SQLStatement(
        "UPDATE jobs SET state = 'running', claims = claims + 1, worker_id = ?, started_at = ? WHERE id = ?")

    /// For `IN (SELECT …)` and for `RETURNING` SQLite makes a table each, which costs as much as leasing ten jobs one by one. Looking
    /// at one job more than is wanted saves the look whether there are more.
    private func leaseOneByOne(
        _ queue: QueueName, _ limit: Int, _ worker: JobWorkerID, _ now: Timestamp
    ) throws -> (rows: ArraySlice<SQLRow>, isMore: Bool) {
        let found = try transaction.rows(
            SQL(Self.ready, [queue.sqlValue, worker.sqlValue, queue.sqlValue, .integer(Int64(limit) + 1)]))
        let rows = found.prefix(limit)
        for row in rows {
            try transaction.execute(
                SQL(Self.leasing, [worker.sqlValue, now.sqlValue, try row.get(0, as: SQLValue.self)]))
        }
        return (rows, found.count > limit)
    }

    private func claimed(
        _ row: SQLRow, _ queue: QueueName, _ worker: JobWorkerID, _ now: Timestamp
    ) throws -> ClaimedJob {
        let lease = JobLease(id: try row.get(0), number: try row.get(1), worker: worker)
        let run = JobRun(
            id: lease.id, queue: queue, kind: try row.get(2), customID: try row.get(4), serialKey: try row.get(5),
            attempt: try row.get(8, as: Int.self) + 1, attempts: try row.get(7), rescues: try row.get(9),
            enqueuedAt: try row.get(12), runAt: try row.get(13), startedAt: now)
        return ClaimedJob(
            lease: lease, run: run, arguments: try row.get(3), timeout: try row.get(10), priority: try row.get(6),
            isRemovedWhenFinished: try row.get(11))
    }

    /// Makes delayed jobs ready whose time has come, the earliest first.
    func promoteDue(_ queue: QueueName, limit: Int, now: Timestamp) throws {
        try transaction.execute(
            """
            UPDATE jobs SET state = 'ready'
            WHERE id IN (
                SELECT id FROM jobs WHERE queue = \(queue) AND state = 'delayed' AND run_at <= \(now)
                ORDER BY run_at, id LIMIT \(limit) \(postgres: "FOR UPDATE SKIP LOCKED"))
            """)
    }

    /// When the next delayed job of a queue is due: one look at an index, however many wait.
    public func nextDue(_ queue: QueueName) throws -> Timestamp? {
        try transaction.row(SQL(Self.firstDelayed, [queue.sqlValue]))?.get(0)
    }

    private static let firstDelayed = SQLStatement(
        "SELECT run_at FROM jobs WHERE queue = ? AND state = 'delayed' ORDER BY run_at, id LIMIT 1")
}
