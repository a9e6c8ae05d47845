import Persistence

extension JobStore {
    /// The newest dead letters of a queue, the newest first.
    /// - Parameter limit: from 1 to 1,000.
    public func newestDead(_ queue: QueueName, limit: Int) throws -> [JobRecord] {
        try transaction.rows(
            """
            SELECT \(raw: JobRecord.columns) FROM jobs WHERE queue = \(queue) AND state = 'dead'
            ORDER BY id DESC LIMIT \(min(max(1, limit), 1_000))
            """
        ).map { try JobRecord($0) }
    }
}
