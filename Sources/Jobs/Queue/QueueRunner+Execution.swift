import Logging
package import Persistence
import Scheduling
import TradingCore

extension QueueRunner {
    /// Runs a leased job and stores how it ended.
    func execute(_ job: ClaimedJob) async {
        if engine.isTransactional(job) {
            await executeWithinTransaction(job)
        } else {
            await executeOutside(job)
        }
    }

    // MARK: - Within a transaction

    private func executeWithinTransaction(_ job: ClaimedJob) async {
        let shared = shared
        let result: Result<JobState?, any Error>
        do {
            // Read before the transaction: it has the one writer of an embedded database.
            let work = try engine.prepare(job, recall: recall(of: job))
            result = .success(
                try await database.write { transaction in
                    self.began(job)
                    defer { self.ended(job) }
                    return try work(shared.now(), transaction)
                })
        } catch { result = .failure(error) }
        let stop = returned(job)
        switch result {
        case .success(let state): settled(job, state == nil ? .leaseLost : .completed)
        case .failure(let error): settled(job, await storeFailure(job, error, stop), failure: "\(error)")
        }
    }

    // MARK: - Outside

    private func executeOutside(_ job: ClaimedJob) async {
        let result: Result<JobOutcome, any Error>
        do { result = .success(try await perform(job)) } catch { result = .failure(error) }
        let stop = returned(job)
        switch result {
        case .success(let outcome): settled(job, await store(outcome, job, stop), failure: outcome.failure)
        case .failure(let error): settled(job, await storeFailure(job, error, stop), failure: "\(error)")
        }
    }

    private func perform(_ job: ClaimedJob) async throws -> JobOutcome {
        guard case .outside(let work) = try engine.handlers.entry(job.run.kind).work else {
            throw UnusableJob(reason: "the handler of \(job.run.kind) works within a transaction")
        }
        let database = database
        let context = JobContext(run: job.run) { text in
            let isHeld = try await database.write {
                try JobStore(transaction: $0).progress(job.lease, text)
            }
            if !isHeld { throw JobLeaseLost(id: job.id) }
        }
        return try await work(job.arguments, context)
    }

    /// A handler that finishes its work although it was told to stop has finished it.
    private func store(_ outcome: JobOutcome, _ job: ClaimedJob, _ stop: RunningJob.Stop?) async -> JobEnd? {
        switch outcome {
        case .done: return await storeCompletion(job)
        case .commit(let effect):
            do {
                return try await settle(job) { transaction, now in
                    guard try JobStore(transaction: transaction).complete(job, now: now) else { return .leaseLost }
                    try effect(transaction)
                    return .completed
                }
            } catch { return await storeFailure(job, error, stop) }
        case .snooze(let duration): return await storeEnd(job, .snooze(duration), reason: nil)
        case .fail(let disposition, let reason): return await storeEnd(job, disposition, reason: reason)
        }
    }

    private func storeCompletion(_ job: ClaimedJob) async -> JobEnd? {
        let answer = try? await settle(job) { transaction, now -> LaterEnd in
            let store = JobStore(transaction: transaction)
            if let changes = try store.completeLater(job, now: now) { return .when(changes) }
            return .known(try store.complete(job, now: now) ? .completed : .leaseLost)
        }
        return switch answer {
        case .known(let end): end
        case .when(let changes): changes.count == 1 ? .completed : .leaseLost
        case nil: nil
        }
    }

    private enum LaterEnd: Sendable {
        case known(JobEnd)
        /// Completed where that was one row.
        case when(LaterChanges)
    }

    // MARK: - Failures

    private func storeFailure(_ job: ClaimedJob, _ error: any Error, _ stop: RunningJob.Stop?) async -> JobEnd? {
        switch stop {
        case .shutdown:
            return try? await settle(job) { transaction, now in
                try JobStore(transaction: transaction).release(job, now: now).map {
                    $0 == .cancelled ? .cancelled : .released
                } ?? .leaseLost
            }
        case .timeout:
            let limit = Duration.nanoseconds(timeout(of: job) ?? 0)
            return await storeEnd(
                job, engine.disposition(of: JobTimedOut(limit: limit), job), reason: "timed out after \(limit)")
        case .cancellation, .leaseLost, nil: break
        }
        // What the disk or the engine could not do is no failure of the job.
        if let fault = error as? SQLError, fault.isOfTheEngine {
            return await storeEnd(job, .snooze(.seconds(1)), reason: "\(error)")
        }
        return await storeEnd(job, engine.disposition(of: error, job), reason: "\(error)")
    }

    private func storeEnd(_ job: ClaimedJob, _ disposition: JobDisposition, reason: String?) async -> JobEnd? {
        let seed = engine.seed
        let end = try? await settle(job) { transaction, now -> JobEnd in
            let state = try JobStore(transaction: transaction).fail(
                job, disposition, reason: reason, seed: seed, now: now)
            guard let state else { return .leaseLost }
            return JobEnd(state, disposition)
        }
        if let reason { tell(job, end, reason) }
        return end
    }

    /// What is tried again is everyday. What is not is somebody's business, and the log may be all that is left of it.
    private func tell(_ job: ClaimedJob, _ end: JobEnd?, _ reason: String) {
        let (level, text): (Logger.Level, Logger.Message) =
            switch end {
            case .dead: (.error, "a job is a dead letter, which waits for an operator")
            case .discarded: (.warning, "a job failed and was given up")
            default: (.info, "an attempt at a job failed")
            }
        logger.log(
            level: level, text,
            metadata: [
                "job.id": "\(job.id)", "job.kind": "\(job.run.kind)", "job.attempt": "\(job.run.attempt)",
                "error": "\(reason)",
            ])
    }

    /// Stores an end. While the engine cannot, it is tried again: the job is still ours, and its effect outside has happened.
    /// - Throws: what `body` throws that is not the engine's fault, and the engine's fault when there is no more time to wait.
    private func settle<End: Sendable>(
        _ job: ClaimedJob, _ body: @escaping @Sendable (any SQLTransaction, Timestamp) throws -> End
    ) async throws -> End {
        let (time, shared) = (time, shared)
        var pause = Nanoseconds.milliseconds(50)
        while true {
            let began = time.now()
            do { return try await database.write { try body($0, shared.now()) } } catch let error as SQLError
                where error.isOfTheEngine && error != .closed && !isAbandoned
            {
                if worked(at: Self.ending, since: began, error) {
                    logger.warning(
                        "the end of a job could not be stored",
                        metadata: ["job.id": "\(job.id)", "error": "\(error)"])
                }
                await wait(pause)
                pause = min(2 * pause, Nanoseconds.seconds(2))
            }
        }
    }

    /// In a task of its own: the job's may be cancelled, and would not wait at all.
    private func wait(_ pause: Int64) async {
        let time = time
        await Task { try? await time.sleep(until: time.now().advanced(byNanoseconds: pause)) }.value
    }
}

/// An attempt took longer than it may.
public struct JobTimedOut: Error, Hashable, Sendable, CustomStringConvertible {
    public let limit: Duration

    public var description: String { "timed out after \(limit)" }
}

extension JobEnd {
    init(_ state: JobState, _ disposition: JobDisposition) {
        switch state {
        case .completed: self = .completed
        case .dead: self = .dead
        case .discarded: self = .discarded
        case .cancelled: self = .cancelled
        case .ready, .delayed, .waiting, .running:
            if case .snooze = disposition { self = .snoozed } else { self = .retried }
        }
    }
}

extension SQLError {
    /// Whether the disk, the connection or the load is at fault rather than what was asked. When nobody knows whether a commit
    /// happened, it may be tried again: a lease ends once.
    package var isOfTheEngine: Bool {
        switch self {
        // Tried again after an unknown outcome, what was taken the first time finds its lease gone.
        case .constraint, .decoding, .other: false
        default: true
        }
    }
}
