public import Jobs
import Ledger
public import Persistence
public import Scheduling
import Synchronization
import TradingCore

/// What operators may see and do of jobs, messages, sagas and the ledger.
public struct Operations: Sendable {
    let database: any SQLDatabase
    let time: any TimeSource
    private let alarms: AlarmClock
    /// Every queue that this server works on, in the order it is shown.
    let queues: [QueueName]
    /// This process's worker; nil where it has none.
    let worker: @Sendable () -> JobWorkerReport?
    /// Sagas of this server, for an operator's word to reach them.
    let sagas: [any SagaOperations]
    /// Whether payments are polled at all.
    let pollsSnapshots: Bool

    public init(
        database: any SQLDatabase, time: any TimeSource, alarms: AlarmClock, queues: [QueueName],
        worker: @escaping @Sendable () -> JobWorkerReport?, sagas: [any SagaOperations] = [],
        pollsSnapshots: Bool = false
    ) {
        self.database = database
        self.time = time
        self.alarms = alarms
        self.queues = queues
        self.worker = worker
        self.sagas = sagas
        self.pollsSnapshots = pollsSnapshots
    }

    /// How long anybody waits for a look into the database.
    private static let patience = Nanoseconds.seconds(2)

    /// A look that does not take for ever: a health check that hangs with what it checks says nothing (D47).
    func look<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        let database = database
        // A read cannot be interrupted. So its task is left to itself when the time is over, and ends when it may.
        let (answers, answer) = AsyncStream<Result<Value, any Error>>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let reading = Task {
            do { answer.yield(.success(try await database.read(body))) } catch { answer.yield(.failure(error)) }
        }
        let alarm = alarms.alarm("api: patience") { _ in
            answer.yield(.failure(SQLError.locked("no answer within 2 seconds")))
        }
        alarm.set(time.now().advanced(byNanoseconds: Self.patience))
        defer {
            reading.cancel()
            alarm.remove()
        }
        for await result in answers { return try result.get() }
        throw CancellationError()
    }

    func change<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction, Timestamp) throws -> Value
    ) async throws -> Value {
        let now = time.now()
        do { return try await database.write { try body($0, now) } } catch let error as SQLError {
            throw APIError.typed(503, "Nothing can be stored now: \(error)")
        }
    }
}
