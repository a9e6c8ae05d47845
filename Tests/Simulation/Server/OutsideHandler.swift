public import Jobs
public import Persistence
public import TradingCore

/// Runs jobs of one kind that deal with the world outside the database, in two steps: the call, and, later, the
/// transaction that books how it went.
public struct OutsideHandler {
    public let kind: String
    let perform: (_ arguments: String, JobRun, SimulationWorld) throws -> OutsideOutcome

    public init<Arguments: JobArguments>(
        _: Arguments.Type, _ perform: @escaping (Arguments, JobRun, SimulationWorld) throws -> OutsideOutcome
    ) {
        kind = Arguments.kind
        self.perform = { text, run, world in
            try perform(try JobCoding.decode(Arguments.self, from: text), run, world)
        }
    }
}

/// As `JobOutcome`, on one thread.
public enum OutsideOutcome {
    case done
    case commit((any SQLTransaction, Timestamp) throws -> Void)
    case snooze(Duration)
}

/// An error that a fault made. All others that reach a server are violations, unless they are a `JobFailure`.
public protocol InjectedError: Error {}

/// A handler that failed when its work was done.
public struct HandlerBroke: InjectedError {}

/// Whoever was asked did not answer in time: nobody knows whether it was done.
public struct RequestTimedOut: InjectedError {
    public init() {}
}

/// A body broke for a reason that no fault explains.
func isExpected(_ error: any Error) -> Bool {
    switch error {
    case is any InjectedError, is any JobFailure, is CancellationError: true
    case SQLError.inputOutput, SQLError.diskFull, SQLError.outcomeUnknown: true
    default: false
    }
}
