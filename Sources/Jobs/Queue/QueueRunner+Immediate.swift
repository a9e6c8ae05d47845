import Logging
import Persistence
import Scheduling
import TradingCore

extension QueueRunner {
    /// So long, in nanoseconds, a commit may last for jobs that are done in it. Those that are left are run as any others.
    private static let immediateLimit = Nanoseconds.milliseconds(100)

    /// - Returns: those that are done, in the order of the claim.
    /// - Throws: what a handler throws. Then nothing of the transaction stands; without this claim it is run again, and the job has its attempt
    ///   in a transaction of its own, where its failure is stored.
    func doImmediate(_ jobs: [ClaimedJob], in transaction: any SQLTransaction) throws -> [JobLease] {
        let end = time.now().advanced(byNanoseconds: Self.immediateLimit)
        var done: [JobLease] = []
        for job in jobs where engine.isImmediate(job) {
            guard time.now() < end else { break }
            let recall = entered(job, until: end)
            defer { left(job) }
            do {
                let state = try engine.prepare(job, recall: recall)(shared.now(), transaction)
                if state == .completed { done.append(job.lease) }
            } catch {
                logger.info(
                    "a job was not done in the commit that enqueued it, and is tried by itself",
                    metadata: ["job.id": "\(job.id)", "job.kind": "\(job.run.kind)", "error": "\(error)"])
                throw error
            }
        }
        return done
    }
}
