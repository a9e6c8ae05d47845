public import Persistence

/// How a handler's run ended, when it threw nothing.
public enum JobOutcome: Sendable {
    /// Completed.
    case done
    /// Completed together with an effect: both commit in one transaction or neither. The transaction is refused when the job
    /// meanwhile belongs to another worker, so the effect happens once. What the body throws fails the attempt.
    case commit(@Sendable (any SQLTransaction) throws -> Void)
    /// To be run again after a while. Uses up no attempt.
    case snooze(Duration)
    /// Failed, as if it had thrown.
    case fail(JobDisposition, reason: String)

    var failure: String? { if case .fail(_, let reason) = self { reason } else { nil } }
}

/// What a failure leads to.
public enum JobDisposition: Hashable, Sendable {
    /// Tried again after its backoff, or after `Duration` instead, as long as attempts are left.
    case retry(after: Duration? = nil)
    /// To be run again after a while. Uses up no attempt.
    case snooze(Duration)
    /// Given up at once, finished as `discarded`.
    case discard
    /// No use in trying again by itself: kept for an operator.
    case deadLetter
}

/// An error that knows what it means for the job that met it.
public protocol JobFailure: Error {
    var disposition: JobDisposition { get }
}
