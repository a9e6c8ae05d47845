public import Persistence
public import TradingCore

/// Tells a saga that its deadline has passed. Its id is made of the saga and the version that set the deadline, so there is
/// one per deadline, and one that comes when the saga has moved on does nothing.
public struct SagaTimeout: JobArguments {
    public static let kind = "saga.timeout"
    public static let queue: QueueName = "sagas"
    public static let options = JobOptions(
        attempts: 20, backoff: .exponential(.seconds(1), maximum: .seconds(300), jitter: 0.2),
        // It only uses its transaction, so it cannot be what kills its workers.
        maximumRescues: 1_000, isRemovedWhenFinished: true)

    public let saga: String
    public let id: String
    public let version: Int64

    func job(at deadline: Timestamp) throws -> NewJob {
        var options = Self.options
        options.id = "\(saga)/\(id)/\(version)"
        options.start = .at(deadline)
        return try NewJob(self, options)
    }
}

public struct SagaTimeoutHandler: TransactionalJobHandler {
    private let sagas: SagaRegistry

    public init(_ sagas: SagaRegistry) { self.sagas = sagas }

    public func perform(_ arguments: SagaTimeout, run: JobRun, transaction: any SQLTransaction) throws {
        _ = try sagas.operations(arguments.saga).deadlinePassed(
            arguments.id, version: arguments.version, in: transaction, now: run.startedAt)
    }
}

/// What can be done to a saga of any kind.
public protocol SagaOperations: Sendable {
    var kind: String { get }

    /// - Parameter version: that set the deadline; nothing happens when it is another by now.
    func deadlinePassed(
        _ id: String, version: Int64, in transaction: any SQLTransaction, now: Timestamp
    ) throws -> SagaOutcome

    /// Handles again what a parked saga was parked for, and then what came since.
    /// - Parameter operator: who does it, for the history.
    /// - Throws: ``SagaError``.
    func retry(
        _ id: String, by operator: String, in transaction: any SQLTransaction, now: Timestamp
    ) throws -> SagaOutcome

    /// Puts a parked saga into a state by hand, drops the event it was parked for, and handles what came since.
    /// - Parameters:
    ///   - json: the whole state.
    ///   - note: why, for the history.
    /// - Throws: ``SagaError``, `DecodingError`.
    func resolve(
        _ id: String, stateJSON json: String, by operator: String, note: String, in transaction: any SQLTransaction,
        now: Timestamp
    ) throws -> SagaOutcome
}

/// The sagas of a process, by kind. Each module lists its own; `App` joins them.
public struct SagaRegistry: Sendable {
    private let sagas: [String: any SagaOperations]
    /// In the order in which they were listed.
    public let all: [any SagaOperations]

    /// Two of one kind are a mistake in the wiring and stop the program.
    public init(_ sagas: [any SagaOperations]) {
        all = sagas
        self.sagas = Dictionary(sagas.map { ($0.kind, $0) }) { first, _ in
            preconditionFailure("two sagas of kind \(first.kind)")
        }
    }

    /// - Throws: ``SagaError/unknownKind(_:)``.
    public func operations(_ kind: String) throws -> any SagaOperations {
        guard let saga = sagas[kind] else { throw SagaError.unknownKind(kind) }
        return saga
    }
}
