import TradingCore

/// Where a job goes from `running` when it was not completed.
enum JobDecision: Hashable, Sendable {
    /// Its worker stopped or died: may start again at once.
    case ready
    /// Failed, to be tried again.
    case retried(at: Timestamp)
    /// Not now. No attempt is used up.
    case snoozed(until: Timestamp)
    case dead
    case discarded
    case cancelled

    var state: JobState {
        switch self {
        case .ready: .ready
        case .retried, .snoozed: .delayed
        case .dead: .dead
        case .discarded: .discarded
        case .cancelled: .cancelled
        }
    }

    /// What is stored of a job that bears on how it goes on.
    struct Standing: Hashable, Sendable {
        var failures: Int
        var attempts: Int
        var rescues: Int
        var maximumRescues: Int
        var backoff: Backoff
        var exhaustion: JobOptions.Exhaustion
        var isCancelRequested: Bool
    }

    /// After an attempt that failed.
    /// - Parameter seed: for the jitter.
    static func afterFailure(
        _ standing: Standing, _ disposition: JobDisposition, seed: UInt64, now: Timestamp
    ) -> JobDecision {
        if standing.isCancelRequested { return .cancelled }
        switch disposition {
        case .snooze(let duration): return .snoozed(until: now.advanced(byNanoseconds: max(0, duration.nanoseconds)))
        case .discard: return .discarded
        case .deadLetter: return .dead
        case .retry(let after):
            let failures = standing.failures + 1
            guard failures < standing.attempts else {
                return standing.exhaustion == .discard ? .discarded : .dead
            }
            let wait =
                after.map { max(0, $0.nanoseconds) } ?? standing.backoff.delay(afterFailures: failures, seed: seed)
            return .retried(at: now.advanced(byNanoseconds: wait))
        }
    }

    /// After its worker died with it. A job that kills one worker after another must not do so for ever.
    static func afterLostWorker(_ standing: Standing) -> JobDecision {
        if standing.isCancelRequested { return .cancelled }
        return standing.rescues < standing.maximumRescues ? .ready : .dead
    }

    /// After a worker that stops gave it back.
    static func afterRelease(_ standing: Standing) -> JobDecision { standing.isCancelRequested ? .cancelled : .ready }
}
