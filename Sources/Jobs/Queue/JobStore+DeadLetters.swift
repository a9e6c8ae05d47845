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

    /// The jobs of one kind that have failed and are not over, the newest first: dead letters, and what is tried again, by an operator's word too.
    /// - Parameter limit: of each state, from 1 to 1,000.
    public func newestFailed(_ queue: QueueName, kind: String, limit: Int = 1_000) throws -> [JobRecord] {
        // State by state: each has an index, and those that are over, of which there are most, are not looked at.
        let states: [JobState] = [.dead, .ready, .delayed, .waiting, .running]
        let failed = try states.flatMap { state in
            try transaction.rows(
                """
                SELECT \(raw: JobRecord.columns) FROM jobs WHERE state = \(raw: "'\(state.rawValue)'") AND queue = \(queue)
                    AND kind = \(kind) AND reason IS NOT NULL
                ORDER BY id DESC LIMIT \(min(max(1, limit), 1_000))
                """
            ).map { try JobRecord($0) }
        }
        return failed.sorted { $0.id > $1.id }
    }

    /// Discards the dead letters of a kind of which any one success says that what failed before is over.
    public func discardDead(_ queue: QueueName, kind: String, now: Timestamp) throws {
        for dead in try newestDead(queue, kind: kind) { _ = try discard(dead.id, now: now) }
    }
}
