public import Persistence

/// Where a job stands.
public enum JobState: String, CaseIterable, Hashable, Sendable {
    /// May be started.
    case ready
    /// Waits for its time: delayed, snoozed, or to be tried again.
    case delayed
    /// Waits for an earlier job of its serial key.
    case waiting
    /// Leased by a worker.
    case running
    /// Will not be tried again unless an operator says so.
    case dead
    case completed
    /// Given up: by an operator, by its handler, or by its options after the last failure.
    case discarded
    case cancelled

    /// The one table of what can become what. A job is stored as `ready`, `delayed` or `waiting`.
    public var successors: [JobState] {
        switch self {
        case .waiting: [.ready, .delayed, .cancelled]
        case .delayed: [.ready, .cancelled]
        case .ready: [.running, .cancelled]
        // `ready` when its worker died or stopped, `delayed` when snoozed or to be tried again.
        case .running: [.completed, .ready, .delayed, .dead, .discarded, .cancelled]
        // Retried; behind others of its key if they were let go on without it.
        case .dead: [.ready, .waiting, .discarded]
        case .completed, .discarded, .cancelled: []
        }
    }

    public var isFinished: Bool { successors.isEmpty }
}

extension JobState: SQLConvertible {
    public var sqlValue: SQLValue { .text(rawValue) }

    public init?(sqlValue: SQLValue) {
        guard case .text(let text) = sqlValue else { return nil }
        self.init(rawValue: text)
    }
}
