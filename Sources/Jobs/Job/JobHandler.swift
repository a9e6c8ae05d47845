public import Persistence

/// Runs jobs of one kind that deal with the world outside the database.
///
/// Delivery is at least once: a worker may die after the work and before its completion is durable. So what a handler does
/// outside must be safe to do twice (``JobRun/idempotencyKey(_:)``), and what it does in the database belongs into
/// ``JobOutcome/commit(_:)``, which happens once. Its task is cancelled at the timeout, on a cancellation and at the end of a
/// drain; until it returns, the job is still running and its successors wait.
public protocol JobHandler: Sendable {
    associatedtype Arguments: JobArguments

    func perform(_ arguments: Arguments, context: JobContext) async throws -> JobOutcome

    /// What an error leads to. Unless written otherwise: what a ``JobFailure`` says, else another attempt.
    func disposition(of error: any Error, run: JobRun) -> JobDisposition
}

/// Runs jobs of one kind whose whole effect is in the database: it and the completion are one transaction, so the effect
/// happens exactly once. What it throws takes its effect back and fails the attempt.
///
/// The transaction may be run more than once before it commits, so the handler must do nothing but use it, and fast: it has
/// the one writer of an embedded database.
public protocol TransactionalJobHandler: Sendable {
    associatedtype Arguments: JobArguments

    /// Whether a job takes no longer than the statement that enqueues it. Then the embedded database does it in the very commit that makes
    /// it ready, where a slot is free: one commit instead of two, and who enqueues it waits for it. False unless written otherwise.
    static var isImmediate: Bool { get }

    func perform(_ arguments: Arguments, run: JobRun, transaction: any SQLTransaction) throws

    func disposition(of error: any Error, run: JobRun) -> JobDisposition
}

extension JobHandler {
    public func disposition(of error: any Error, run: JobRun) -> JobDisposition { .standard(for: error) }
}

extension TransactionalJobHandler {
    public static var isImmediate: Bool { false }

    public func disposition(of error: any Error, run: JobRun) -> JobDisposition { .standard(for: error) }
}

extension JobDisposition {
    public static func standard(for error: any Error) -> JobDisposition {
        (error as? any JobFailure)?.disposition ?? .retry()
    }
}
