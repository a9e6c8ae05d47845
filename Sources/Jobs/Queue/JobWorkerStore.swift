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
        try declareDead(ownsDatabase ? "id <> \(id)" : "id <> \(id) AND node = \(node)")
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
    }

    /// Everybody but `own` and those given up, see ``WorkerWatch``.
    public func sightings(besides own: JobWorkerID?) throws -> [WorkerSighting] {
        try transaction.rows(
            """
            SELECT id, lease_until FROM job_workers WHERE lease_until > 0 AND id <> \(own ?? JobWorkerID(rawValue: 0))
            ORDER BY id
            """
        ).map { WorkerSighting(worker: try $0.get(0), mark: try $0.get(1)) }
    }

    /// Declares a worker dead, unless it has lived since it was seen, or another node works on its row just now. From then on it can
    /// hold nothing; the next ``rescue(own:limit:now:)`` takes what it held.
    public func giveUp(_ sighting: WorkerSighting) throws {
        try declareDead("id = \(sighting.worker) AND lease_until = \(sighting.mark)")
    }

    /// Those whose row is locked are passed over: a node may have been frozen in the transaction of its heartbeat, and this node's one
    /// writer, which trading waits for, must not stand still with it.
    private func declareDead(_ condition: SQL) throws {
        let free: SQL = " \(postgres: "FOR UPDATE SKIP LOCKED"))"
        try transaction.execute(
            "UPDATE job_workers SET lease_until = 0 WHERE id IN (SELECT id FROM job_workers WHERE " + condition + free)
    }

    /// Gives the jobs of workers that were declared dead to whoever claims them next. What a node has locked, perhaps one that was frozen in the
    /// midst of its transaction, is left for the next time.
    /// - Parameters:
    ///   - own: never taken for dead.
    ///   - limit: at most so many jobs.
    public func rescue(own: JobWorkerID?, limit: Int, now: Timestamp) throws -> Rescue {
        let dead = try transaction.rows(
            """
            SELECT id, node FROM job_workers WHERE lease_until <= 0 AND id <> \(own ?? JobWorkerID(rawValue: 0))
            ORDER BY id
            """)
        var rescue = Rescue()
        for row in dead where rescue.jobs.count < limit {
            try self.rescue(worker: row.get(0), node: row.get(1), limit: limit, now, &rescue)
        }
        rescue.isMore = rescue.jobs.count >= limit
        return rescue
    }

    private func rescue(
        worker: JobWorkerID, node: String, limit: Int, _ now: Timestamp, _ rescue: inout Rescue
    ) throws {
        for lease in try freeLeases(worker, limit: limit - rescue.jobs.count) {
            let state = try JobStore(transaction: transaction).end(
                lease, reason: "worker \(worker.rawValue) on \(node) died", now: now, isRescue: true,
                JobDecision.afterLostWorker)
            guard let state else { continue }
            rescue.jobs.append(lease.id)
            if state != .ready { rescue.ended.append(lease.id) }
        }
        if rescue.jobs.count < limit { _ = try remove(worker) }
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
        return try strays.filter { lease in
            let state = try JobStore(transaction: transaction).end(
                lease, reason: "leased, and nobody worked on it", now: now, skipsLocked: true, JobDecision.afterRelease)
            return state != nil
        }.map(\.id)
    }

    /// Takes a worker that stops off the list; what it still holds may be claimed at once, with no attempt used up. What another node
    /// has locked is rescued by the others.
    public func leave(_ worker: JobWorkerID, now: Timestamp) throws {
        for lease in try freeLeases(worker, limit: .max) {
            _ = try JobStore(transaction: transaction).end(lease, reason: nil, now: now, JobDecision.afterRelease)
        }
        if try !remove(worker) { try declareDead("id = \(worker)") }
    }

    /// - Returns: false when it still holds something, or its row is locked.
    private func remove(_ worker: JobWorkerID) throws -> Bool {
        try transaction.execute(
            """
            DELETE FROM job_workers WHERE id IN (
                SELECT id FROM job_workers WHERE id = \(worker)
                    AND NOT EXISTS (SELECT 1 FROM jobs WHERE worker_id = \(worker) AND state = 'running')
                \(postgres: "FOR UPDATE SKIP LOCKED"))
            """) == 1
    }

    /// Of a worker's running jobs those that no other node has locked.
    private func freeLeases(_ worker: JobWorkerID, limit: Int) throws -> [JobLease] {
        try transaction.rows(
            """
            SELECT id, claims FROM jobs WHERE worker_id = \(worker) AND state = 'running' ORDER BY id LIMIT \(limit)
            \(postgres: "FOR UPDATE SKIP LOCKED")
            """
        ).map { JobLease(id: try $0.get(0), number: try $0.get(1), worker: worker) }
    }
}
