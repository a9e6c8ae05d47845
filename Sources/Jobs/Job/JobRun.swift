public import TradingCore

/// One attempt at a job, as its handler sees it.
public struct JobRun: Hashable, Sendable {
    public let id: JobID
    public let queue: QueueName
    public let kind: String
    public let customID: String?
    public let serialKey: String?
    /// 1 for the first, one more after every failure.
    public let attempt: Int
    public let attempts: Int
    /// How many workers died with it so far.
    public let rescues: Int
    public let enqueuedAt: Timestamp
    /// When it was due.
    public let runAt: Timestamp
    /// Now: when this attempt began.
    public let startedAt: Timestamp

    public var isLastAttempt: Bool { attempt >= attempts }

    /// The same in every attempt at this job and in no other job: an idempotency key for a step of it.
    public func idempotencyKey(_ step: String) -> String { "job-\(id)-\(step)" }
}
