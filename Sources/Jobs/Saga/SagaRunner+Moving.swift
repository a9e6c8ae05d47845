import Persistence
import TradingCore

/// From an event to its transition.
extension SagaRunner {
    /// An event on its way into a saga.
    struct Told {
        let event: Process.Event
        let json: String
        let eventID: String?
        let cause: String
        var isDeadline = false
        /// It has a row that waits already.
        var isHeldAgain = false

        func entry(_ kind: SagaHistoryEntry.Kind) -> SagaStore.Entry {
            SagaStore.Entry(kind: kind, eventID: eventID, event: json, cause: cause)
        }
    }

    func handle(_ told: Told, _ record: SagaRecord, _ store: SagaStore, _ now: Timestamp) throws -> SagaOutcome {
        // What a newer program stored is left to it; what nobody can read is an operator's.
        guard record.schema <= Process.version else {
            throw SagaError.version(kind: kind, stored: record.schema, known: Process.version)
        }
        let state: Process.State
        do { state = try Process.state(from: record.state, version: record.schema) } catch {
            return try park(told, "its state cannot be read: \(error)", record, store, now)
        }
        switch process.handle(told.event, state: state, now: now) {
        case .ignore(let reason):
            if told.isDeadline {
                return try park(told, "its deadline passed and was ignored: \(reason)", record, store, now)
            }
            var entry = told.entry(.ignored)
            entry.reason = reason
            _ = try store.advance(record, to: SagaStore.Change(record), entry, now)
            return .ignored(reason)
        case .park(let reason): return try park(told, reason, record, store, now)
        case .move(let next, let commands):
            guard Process.transitions.allows(state.step, next.step) else {
                let reason = "no transition is declared from \(state.step.rawValue) to \(next.step.rawValue)"
                return try park(told, reason, record, store, now)
            }
            if told.isDeadline, let deadline = deadline(of: next), deadline <= now {
                return try park(told, "its deadline passed and led to one that has passed", record, store, now)
            }
            return try move(told, to: next, commands, record, store, now)
        }
    }

    private func move(
        _ told: Told, to next: Process.State, _ commands: [Process.Command], _ record: SagaRecord, _ store: SagaStore,
        _ now: Timestamp
    ) throws -> SagaOutcome {
        var change = SagaStore.Change(record)
        change.schema = Process.version
        change.step = next.step.rawValue
        change.state = try JobCoding.encode(next)
        change.status = Process.transitions.isFinal(next.step) ? .finished : .running
        let version = record.version + 1
        if deadline(of: next) != record.deadline || told.isDeadline {
            try arm(&change, record.id, next, version: version, store.transaction, now)
        }
        var entry = told.entry(.moved)
        entry.commands = commands.map { "\($0)" }
        _ = try store.advance(record, to: change, entry, now)
        try carryOut(commands, record.id, version: version, store.transaction, now)
        return .moved(to: change.step)
    }

    private func park(
        _ told: Told, _ reason: String, _ record: SagaRecord, _ store: SagaStore, _ now: Timestamp
    ) throws -> SagaOutcome {
        var change = SagaStore.Change(record)
        change.status = .parked
        change.parkedReason = reason
        var entry = told.entry(.parked)
        entry.reason = reason
        // A deadline is not held: it is set again when the saga goes on.
        entry.isHeld = !told.isDeadline && !told.isHeldAgain
        _ = try store.advance(record, to: change, entry, now)
        return .parked(reason)
    }

    /// A saga that is over waits for nothing.
    func deadline(of state: Process.State) -> Timestamp? {
        Process.transitions.isFinal(state.step) ? nil : process.deadline(of: state)
    }

    /// Sets the state's deadline, with its timeout job.
    func arm(
        _ change: inout SagaStore.Change, _ id: String, _ state: Process.State, version: Int64,
        _ transaction: any SQLTransaction, _ now: Timestamp
    ) throws {
        change.deadline = deadline(of: state)
        change.deadlineVersion = change.deadline == nil ? nil : version
        guard let deadline = change.deadline else { return }
        let timeout = SagaTimeout(saga: kind, id: id, version: version)
        try JobStore(transaction: transaction).post(timeout.job(at: deadline), now: now)
    }

    func carryOut(
        _ commands: [Process.Command], _ id: String, version: Int64, _ transaction: any SQLTransaction, _ now: Timestamp
    ) throws {
        for (index, command) in commands.enumerated() {
            let key = SagaCommandKey(kind: kind, sagaID: id, version: version, index: index)
            for effect in try interpreter.effects(of: command, key: key, now: now) {
                switch effect {
                case .job(let job): try JobStore(transaction: transaction).post(job, now: now)
                case .message(let topic, let key, let name, let payload):
                    try Outbox(transaction: transaction).put(
                        topic: topic, key: key, name: name, payload: payload, now: now)
                case .transact(let body): try body(transaction)
                }
            }
        }
    }
}
