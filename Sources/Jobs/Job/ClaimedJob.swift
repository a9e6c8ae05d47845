public import Persistence

/// The right to run a job and to say how it ended.
///
/// Fenced: every claim of a job has a number of its own, and whatever ends an attempt names it. A worker whose job was given
/// to another one changes nothing any more.
public struct JobLease: Hashable, Sendable {
    public let id: JobID
    /// Grows with every claim of the job.
    public let number: Int64
    public let worker: JobWorkerID
}

/// A job that a worker has leased.
public struct ClaimedJob: Hashable, Sendable {
    public let lease: JobLease
    public let run: JobRun
    /// JSON.
    public let arguments: String
    /// Nanoseconds; nil is the queue's.
    let timeout: Int64?
    let priority: Int
    let isRemovedWhenFinished: Bool

    public var id: JobID { lease.id }
}

/// One start of a worker process. A process started later has a higher number.
public struct JobWorkerID: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static func < (left: JobWorkerID, right: JobWorkerID) -> Bool { left.rawValue < right.rawValue }
}

extension JobWorkerID: SQLConvertible {
    public var sqlValue: SQLValue { .integer(rawValue) }

    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self.init(rawValue: value)
    }
}

extension JobID: SQLConvertible {
    public var sqlValue: SQLValue { .integer(rawValue) }

    public init?(sqlValue: SQLValue) {
        guard case .integer(let value) = sqlValue else { return nil }
        self.init(rawValue: value)
    }
}

extension QueueName: SQLConvertible {
    public var sqlValue: SQLValue { .text(rawValue) }

    public init?(sqlValue: SQLValue) {
        guard case .text(let value) = sqlValue else { return nil }
        self.init(rawValue: value)
    }
}
