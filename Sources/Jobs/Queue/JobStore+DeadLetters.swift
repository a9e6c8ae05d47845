import Persistence
public import TradingCore

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

    /// The newest dead letters of one kind, however many of other kinds are newer.
    /// - Parameter limit: from 1 to 1,000.
    public func newestDead(_ queue: QueueName, kind: String, limit: Int = 1_000) throws -> [JobRecord] {
        try transaction.rows(
            """
            SELECT \(raw: JobRecord.columns) FROM jobs WHERE queue = \(queue) AND state = 'dead' AND kind = \(kind)
            ORDER BY id DESC LIMIT \(min(max(1, limit), 1_000))
            """
        ).map { try JobRecord($0) }
    }

    /// Discards the dead letters of a kind of which any one success says that what failed before is over.
    public func discardDead(_ queue: QueueName, kind: String, now: Timestamp) throws {
        for dead in try newestDead(queue, kind: kind) { _ = try discard(dead.id, now: now) }
    }
}
