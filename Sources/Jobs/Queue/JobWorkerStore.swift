public import Persistence
public import TradingCore

/// `job_workers`: who may hold jobs. One row and one heartbeat for each process start, not for each job.
public struct JobWorkerStore {
    let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// Enters a process that starts, and declares dead whom it replaces: the earlier process of the same node, or, when it is
    /// the only one that can have the database open, every other. What they held is rescued by the next
    /// ``rescue(own:limit:now:)``, without waiting for their leases.
    /// - Parameter isStart: false for a process that was given up for dead and lives: it replaces nobody. Otherwise two that were
    ///   given one name by mistake would declare each other dead for ever.
    public func register(
        node: String, ownsDatabase: Bool, isStart: Bool = true, lease: Duration, now: Timestamp
    ) throws -> JobWorkerID {
        let row = try transaction.row(
            """
            INSERT INTO job_workers (node, started_at, lease_until)
            VALUES (\(node), \(now), \(now.advanced(byNanoseconds: lease.nanoseconds))) RETURNING id
            """)
        guard let id = try row?.get(0, as: JobWorkerID.self) else { throw SQLError.other("no id for a worker") }
        guard isStart else { return id }
        if ownsDatabase {
            try transaction.execute("UPDATE job_workers SET lease_until = 0 WHERE id <> \(id)")
        } else {
            try transaction.execute("UPDATE job_workers SET lease_until = 0 WHERE id <> \(id) AND node = \(node)")
        }
        return id
    }

    /// Holds on to all jobs of a worker for another lease.
    ///
    /// A lease that has run out goes on as long as nobody has noticed: its jobs are still its own.
    /// - Returns: false when the worker was given up for dead. It must stop what it runs and register anew.
    public func heartbeat(_ id: JobWorkerID, lease: Duration, now: Timestamp) throws -> Bool {
        try transaction.execute(
            """
            UPDATE job_workers SET lease_until = \(now.advanced(byNanoseconds: lease.nanoseconds))
            WHERE id = \(id) AND lease_until > 0
            """) == 1
    }

    /// What a rescue did.
    public struct Rescue: Hashable, Sendable {
        public var jobs: [JobID] = []
        /// Those of them that killed too many workers, or were to be cancelled.
        public var ended: [JobID] = []
        /// There is more to do at once.
        public var isMore = false
        /// The worker of which nothing is left, or nothing that is not locked.
        public var done: JobWorkerID?
    }

    /// Everybody but `own`, see ``WorkerWatch``.
    public func sightings(besides own: JobWorkerID?) throws -> [WorkerSighting] {
        try transaction.rows(
            "SELECT id, lease_until FROM job_workers WHERE id <> \(own ?? JobWorkerID(rawValue: 0)) ORDER BY id"
        ).map { WorkerSighting(worker: try $0.get(0), mark: try $0.get(1)) }
    }

    /// Declares a worker dead, unless it has lived since it was seen. From then on it can hold nothing; the next
    /// ``rescue(own:limit:now:)`` takes what it held.
    public func giveUp(_ sighting: WorkerSighting) throws {
        // Whoever has just frozen in the middle of a heartbeat holds its row, and must not hold us: the next look finds it.
        try transaction.execute(
            """
            UPDATE job_workers SET lease_until = 0 WHERE id IN (SELECT id FROM job_workers
                WHERE id = \(sighting.worker) AND lease_until = \(sighting.mark) \(postgres: "FOR UPDATE SKIP LOCKED"))
            """)
    }

    /// Gives the jobs of a worker that was declared dead to whoever claims them next.
    /// - Parameters:
    ///   - own: never taken for dead.
    ///   - last: those up to it are left alone.
    ///   - limit: at most so many jobs.
    public func rescue(
        own: JobWorkerID?, after last: JobWorkerID = JobWorkerID(rawValue: 0), limit: Int, now: Timestamp
    ) throws -> Rescue {
        let dead = try transaction.row(
            """
            SELECT id, node FROM job_workers
            WHERE lease_until <= 0 AND id > \(last) AND id <> \(own ?? JobWorkerID(rawValue: 0))
            ORDER BY id LIMIT 1
            """)
        guard let dead else { return Rescue() }
        let (worker, node): (JobWorkerID, String) = (try dead.get(0), try dead.get(1))
        var rescue = Rescue(isMore: true)
        for lease in try freeLeases(worker, limit: limit) {
            let state = try JobStore(transaction: transaction).end(
                lease, reason: "worker \(worker.rawValue) on \(node) died", now: now, isRescue: true,
                JobDecision.afterLostWorker)
            rescue.jobs.append(lease.id)
            if state != .ready { rescue.ended.append(lease.id) }
        }
        if rescue.jobs.count < limit {
            rescue.done = worker
            // Not while a job of it is left, which is locked: it is looked for again. Nor while its own row is.
            try transaction.execute(
                """
                DELETE FROM job_workers WHERE id IN (SELECT id FROM job_workers WHERE id = \(worker)
                    AND NOT EXISTS (SELECT 1 FROM jobs WHERE worker_id = \(worker) AND state = 'running')
                    \(postgres: "FOR UPDATE SKIP LOCKED"))
                """)
        }
        return rescue
    }

    /// Gives back what a living worker has leased and knows nothing of. That happens when the answer to its claim was lost, or
    /// the end of an attempt could not be stored; nobody else would notice for as long as it lives.
    /// - Parameters:
    ///   - leases: those it works on.
    ///   - cutoff: a job that was claimed later is left alone: its claim may still be on its way to the worker.
    /// - Returns: what was given back.
    public func giveBackStrays(
        of worker: JobWorkerID, working leases: [JobLease], claimedBefore cutoff: Timestamp, now: Timestamp
    ) throws -> [JobID] {
        let strays = try transaction.rows(
            """
            SELECT id, claims FROM jobs WHERE worker_id = \(worker) AND state = 'running' AND started_at < \(cutoff)
            ORDER BY id
            """
        ).map { JobLease(id: try $0.get(0), number: try $0.get(1), worker: worker) }.filter { !leases.contains($0) }
        for lease in strays {
            _ = try JobStore(transaction: transaction).end(
                lease, reason: "leased, and nobody worked on it", now: now, JobDecision.afterRelease)
        }
        return strays.map(\.id)
    }

    /// Takes a worker that stops off the list; what it still holds may be claimed at once, with no attempt used up.
    public func leave(_ worker: JobWorkerID, now: Timestamp) throws {
        for lease in try leases(worker, limit: .max) {
            _ = try JobStore(transaction: transaction).end(lease, reason: nil, now: now, JobDecision.afterRelease)
        }
        try transaction.execute("DELETE FROM job_workers WHERE id = \(worker)")
    }

    /// Those that nobody holds locked. A process that is frozen in the middle of a transaction holds what it has written, and whoever waits
    /// for that stands still with it: on a database's one writer that is everybody.
    private func freeLeases(_ worker: JobWorkerID, limit: Int) throws -> [JobLease] {
        try transaction.rows(
            """
            SELECT id, claims FROM jobs WHERE worker_id = \(worker) AND state = 'running' ORDER BY id LIMIT \(limit)
                \(postgres: "FOR UPDATE SKIP LOCKED")
            """
        ).map { JobLease(id: try $0.get(0), number: try $0.get(1), worker: worker) }
    }

    private func leases(_ worker: JobWorkerID, limit: Int) throws -> [JobLease] {
        try transaction.rows(
            """
            SELECT id, claims FROM jobs WHERE worker_id = \(worker) AND state = 'running' ORDER BY id LIMIT \(limit)
            """
        ).map { JobLease(id: try $0.get(0), number: try $0.get(1), worker: worker) }
    }
}
