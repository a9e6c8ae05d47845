public import Persistence
public import TradingCore

/// The steps of running a job, each synchronous and inside one transaction: the worker calls them from its tasks, a
/// simulation in whatever order it likes, with a crash between any two.
///
///     claim                 transaction 1: JobStore.claim
///     run and complete      transaction 2: JobEngine.perform      (a transactional handler)
///     or record a failure   transaction 3: JobEngine.fail         (after 2 threw)
public struct JobEngine: Sendable {
    let handlers: JobHandlers
    /// For the jitter of backoffs.
    let seed: UInt64

    public init(handlers: JobHandlers, seed: UInt64 = 0) {
        self.handlers = handlers
        self.seed = seed
    }

    /// Whether the job's handler works within a transaction. False for kinds that nobody handles.
    public func isTransactional(_ job: ClaimedJob) -> Bool {
        if case .transactional = try? handlers.entry(job.run.kind).work { true } else { false }
    }

    /// Whether the job may be done in the commit that makes it ready.
    func isImmediate(_ job: ClaimedJob) -> Bool {
        if case .transactional(isImmediate: true, _) = try? handlers.entry(job.run.kind).work { true } else { false }
    }

    /// Runs a transactional handler and completes its job.
    /// - Returns: `.completed`, or nil with nothing changed when the lease is no longer the job's.
    /// - Throws: what the handler throws; the transaction must not be committed then.
    public func perform(_ job: ClaimedJob, now: Timestamp, in transaction: any SQLTransaction) throws -> JobState? {
        try prepare(job)(now, transaction)
    }

    /// ``perform(_:now:in:)`` with the arguments read already.
    /// - Parameter recall: refuses the handler's statements once it is raised.
    func prepare(
        _ job: ClaimedJob, recall: Recall = Recall()
    ) throws -> @Sendable (Timestamp, any SQLTransaction) throws -> JobState? {
        guard case .transactional(_, let read) = try handlers.entry(job.run.kind).work else {
            throw UnusableJob(reason: "the handler of \(job.run.kind) does not work within a transaction")
        }
        let work = try read(job.arguments)
        return { now, transaction in
            // First of all, so that the effect of a job that was lost is never even computed.
            guard try JobStore(transaction: transaction).complete(job, now: now) else { return nil }
            let recalled = RecalledTransaction(transaction, recall)
            try work(job.run, recalled)
            try recalled.finish()
            return .completed
        }
    }

    /// Records what an error means for its job.
    /// - Returns: where the job stands now; nil when the lease is no longer the job's.
    public func fail(
        _ job: ClaimedJob, _ error: any Error, now: Timestamp, in transaction: any SQLTransaction
    ) throws -> JobState? {
        try JobStore(transaction: transaction).fail(
            job, disposition(of: error, job), reason: "\(error)", seed: seed, now: now)
    }

    /// A kind that nobody handles goes to the dead letters.
    func disposition(of error: any Error, _ job: ClaimedJob) -> JobDisposition {
        (try? handlers.entry(job.run.kind))?.disposition(error, job.run) ?? .deadLetter
    }
}
