public import Jobs
import MarketMaking
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
    private let ledger: LedgerWatch

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
        ledger = LedgerWatch(time: time)
    }

    /// How long anybody waits for a look into the database.
    private static let patience = Nanoseconds.seconds(2)
    /// How long a probe does: less than a load balancer waits for us.
    private static let probePatience = Nanoseconds.seconds(1)

    /// What keeps the database from answering, jobs from letting go of it, or the ledger from adding up; empty when nothing does.
    /// Takes a second at most.
    func faults() async -> [String] {
        var faults = unwritable() + overdue().map { "jobs: \($0)" }
        do {
            let findings = try await look(within: Self.probePatience) { try LedgerFindings.standing($0) }
            if let findings { faults.append("ledger: \(findings)") }
        } catch {
            faults.append("database: \(error)")
        }
        return faults
    }

    /// Of those faults what can be told without asking the database each time. Takes a second at most.
    func standingFaults() async -> [String] {
        let findings = await ledger.findings {
            try await look(within: Self.probePatience) { try LedgerFindings.standing($0) }
        }
        return unwritable() + overdue().map { "jobs: \($0)" } + (findings.map { ["ledger: \($0)"] } ?? [])
    }

    /// This process's worker writes every second or so, whether anybody trades or not.
    private func unwritable() -> [String] {
        let faults = worker()?.faults ?? []
        return faults.filter { $0.what == JobFault.heartbeat }.map { "database: nothing can be stored: \($0.failure)" }
    }

    /// Handlers of this process that were told to stop and have not.
    private func overdue() -> [OverdueJob] { worker()?.queues.flatMap(\.overdue) ?? [] }

    /// The queues of this server, and behind them those that only have jobs stored: of another version, or of nobody.
    func allQueues(_ transaction: any SQLTransaction) throws -> [QueueName] {
        queues + (try JobStore(transaction: transaction).storedQueues().filter { !queues.contains($0) })
    }

    /// - Throws: ``APIError`` where no such queue is there.
    func known(_ name: String) async throws -> QueueName {
        let all = try await look { try allQueues($0) }
        guard let queue = all.first(where: { $0.rawValue == name }) else {
            let names = all.map(\.rawValue).joined(separator: ", ")
            throw APIError.invalid(["queue \(JSONTree.string(String(name.prefix(64))).json): must be one of \(names)"])
        }
        return queue
    }

    /// A look that does not take for ever: a health check that hangs with what it checks says nothing (D47).
    func look<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await look(within: Self.patience, body) }

    private func look<Value: Sendable>(
        within patience: Int64, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        let database = database
        // A read cannot be interrupted. So its task is left to itself when the time is over, and ends when it may.
        let (answers, answer) = AsyncStream<Result<Value, any Error>>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let reading = Task {
            do { answer.yield(.success(try await database.read(body))) } catch { answer.yield(.failure(error)) }
        }
        let silence = "no answer within \(patience / Nanoseconds.perSecond) s"
        let error = database.dialect == .postgres ? SQLError.unavailable(silence) : .locked(silence)
        let alarm = alarms.alarm("api: patience") { _ in answer.yield(.failure(error)) }
        alarm.set(time.now().advanced(byNanoseconds: patience))
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
        // It may be what ends a fault.
        defer { ledger.forget() }
        do { return try await database.write { try body($0, now) } } catch let error as SQLError {
            if case .outcomeUnknown = error {
                throw APIError.typed(503, "Whether this was stored is not known, look before asking again: \(error)")
            }
            throw APIError.typed(503, "Nothing can be stored now: \(error)")
        }
    }
}
