public import TradingCore

/// A job whose handler was told to stop and has not returned.
public struct OverdueJob: Hashable, Sendable, CustomStringConvertible {
    /// Why it was told to.
    public enum Stop: Hashable, Sendable { case timeout, cancellation, shutdown, leaseLost }

    public let run: JobRun
    public let stop: Stop

    public var description: String {
        let reason =
            switch stop {
            case .timeout: "its time is over"
            case .cancellation: "it was cancelled"
            case .shutdown: "the server is to stop"
            case .leaseLost: "its job is another worker's now"
            }
        return "job \(run.id) (\(run.kind)) does not stop, \(reason)"
    }
}

/// What keeps a worker from working, from its first failure until it succeeds.
public struct JobFault: Hashable, Sendable, CustomStringConvertible {
    /// The ``what`` of a worker that cannot write its heartbeat: the database takes nothing.
    public static let heartbeat = "jobs: heartbeat"

    /// What cannot be done: `jobs cannot be claimed`.
    public let what: String
    public let since: Timestamp
    /// The latest one.
    public let failure: String

    public var description: String { "\(what): \(failure)" }

    init(_ what: String, since: Timestamp, failure: String) {
        self.what = what
        self.since = since
        self.failure = failure
    }
}
