import Persistence
public import TradingCore

/// A job as it is stored, for those who look at queues.
public struct JobRecord: Hashable, Sendable {
    public let id: JobID
    public let queue: QueueName
    public let kind: String
    public let customID: String?
    public let serialKey: String?
    public let state: JobState
    public let priority: Int
    /// JSON.
    public let arguments: String
    public let attempts: Int
    public let failures: Int
    public let rescues: Int
    public let enqueuedAt: Timestamp
    /// When it is or was due.
    public let runAt: Timestamp
    /// When its latest attempt began.
    public let startedAt: Timestamp?
    public let finishedAt: Timestamp?
    /// When it became a dead letter; nil for any other job, and for one that died before this was kept.
    public let diedAt: Timestamp?
    public let progress: String?
    /// Why it last failed, died or was given up.
    public let reason: String?

    static let columns = """
        id, queue, kind, custom_id, serial_key, state, priority, arguments, attempts, failures, rescues, enqueued_at, \
        run_at, started_at, finished_at, progress, reason, died_at
        """

    init(_ row: SQLRow) throws(SQLError) {
        id = try row.get(0)
        queue = try row.get(1)
        kind = try row.get(2)
        customID = try row.get(3)
        serialKey = try row.get(4)
        state = try row.get(5)
        priority = try row.get(6)
        arguments = try row.get(7)
        attempts = try row.get(8)
        failures = try row.get(9)
        rescues = try row.get(10)
        enqueuedAt = try row.get(11)
        runAt = try row.get(12)
        startedAt = try row.get(13)
        finishedAt = try row.get(14)
        progress = try row.get(15)
        reason = try row.get(16)
        diedAt = try row.get(17)
    }
}
