import Persistence

/// What was done of a claim's jobs in the transaction that claims them.
struct ImmediateJobs {
    /// In the order of the claim.
    var done: [JobLease] = []
    /// They have made other jobs ready, perhaps of the same queue, which are not in the claim.
    var haveSpoken = false
}

extension QueueRunner {
    /// - Throws: what a handler throws. Then nothing of the transaction stands; without this claim it is run again, and the job has its attempt
    ///   in a transaction of its own, where its failure is stored.
    func doImmediate(_ jobs: [ClaimedJob], in transaction: any SQLTransaction) throws -> ImmediateJobs {
        var immediate = ImmediateJobs()
        let listened = ListenedTransaction(transaction)
        for job in jobs where engine.isImmediate(job) {
            let recall = entered(job)
            defer { left(job) }
            guard try engine.prepare(job, recall: recall)(shared.now(), listened) == .completed else { continue }
            immediate.done.append(job.lease)
        }
        immediate.haveSpoken = listened.hasSpoken
        return immediate
    }
}

/// Notes whether anybody is to be woken.
private final class ListenedTransaction: SQLTransaction {
    private let base: any SQLTransaction
    private(set) var hasSpoken = false

    init(_ base: any SQLTransaction) { self.base = base }

    var dialect: SQLDialect { base.dialect }

    func execute(_ sql: SQL) throws(SQLError) -> Int { try base.execute(sql) }

    func executeLater(_ sql: SQL) throws(SQLError) -> LaterChanges { try base.executeLater(sql) }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] { try base.rows(sql) }

    func row(_ sql: SQL) throws(SQLError) -> SQLRow? { try base.row(sql) }

    func notify(_ channel: String) throws(SQLError) {
        hasSpoken = true
        try base.notify(channel)
    }
}
