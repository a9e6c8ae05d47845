public import Persistence
public import TradingCore

extension SagaRunner: SagaOperations {
    public func deadlinePassed(
        _ id: String, version: Int64, in transaction: any SQLTransaction, now: Timestamp
    ) throws -> SagaOutcome {
        let store = SagaStore(transaction: transaction)
        guard let record = try store.find(kind: kind, id: id), record.deadlineVersion == version else { return .stale }
        // Set again when an operator lets it go on.
        if record.status == .parked { return .held }
        let event = Process.deadlineEvent
        let told = Told(
            event: event, json: try JobCoding.encode(event), eventID: nil, cause: "deadline \(version)",
            isDeadline: true)
        return try handle(told, record, store, now)
    }

    public func retry(
        _ id: String, by operator: String, in transaction: any SQLTransaction, now: Timestamp
    ) throws -> SagaOutcome {
        let store = SagaStore(transaction: transaction)
        let record = try parked(id, store)
        var change = SagaStore.Change(record)
        let state = try Process.state(from: record.state, version: record.schema)
        return try goOn(
            &change, at: state, SagaStore.Entry(kind: .retried, cause: `operator`), record, store, now)
    }

    public func resolve(
        _ id: String, stateJSON json: String, by operator: String, note: String, in transaction: any SQLTransaction,
        now: Timestamp
    ) throws -> SagaOutcome {
        let state = try JobCoding.decode(Process.State.self, from: json)
        return try resolve(id, to: state, by: `operator`, note: note, in: transaction, now: now)
    }

    /// As ``SagaOperations/resolve(_:stateJSON:by:note:in:now:)``, with commands to be carried out. The table of transitions
    /// does not bind an operator.
    public func resolve(
        _ id: String, to state: Process.State, commands: [Process.Command] = [], by operator: String, note: String,
        in transaction: any SQLTransaction, now: Timestamp
    ) throws -> SagaOutcome {
        let store = SagaStore(transaction: transaction)
        let record = try parked(id, store)
        // What it was parked for is decided now; what came later still has to be handled.
        if let first = try store.held(kind: kind, id: id).first, first.kind == .parked {
            try store.release(record, version: first.version)
        }
        var change = SagaStore.Change(record)
        change.schema = Process.version
        change.step = state.step.rawValue
        change.state = try JobCoding.encode(state)
        let entry = SagaStore.Entry(
            kind: .resolved, event: change.state, reason: note, cause: `operator`, commands: commands.map { "\($0)" })
        try carryOut(commands, id, version: record.version + 1, transaction, now)
        return try goOn(&change, at: state, entry, record, store, now)
    }

    private func parked(_ id: String, _ store: SagaStore) throws -> SagaRecord {
        let record = try store.record(kind: kind, id: id)
        guard record.status == .parked else { throw SagaError.notParked(kind: kind, id: id) }
        return record
    }

    /// Unparks a saga, sets its deadline again, and handles what was held until one event parks it again.
    private func goOn(
        _ change: inout SagaStore.Change, at state: Process.State, _ entry: SagaStore.Entry, _ record: SagaRecord,
        _ store: SagaStore, _ now: Timestamp
    ) throws -> SagaOutcome {
        change.status = Process.transitions.isFinal(state.step) ? .finished : .running
        change.parkedReason = nil
        try arm(&change, record.id, state, version: record.version + 1, store.transaction, now)
        var current = try store.advance(record, to: change, entry, now)
        var outcome = SagaOutcome.moved(to: change.step)
        for held in try store.held(kind: kind, id: record.id) {
            let cause = "held event of version \(held.version): \(held.cause)"
            let event: Process.Event
            do { event = try JobCoding.decode(Process.Event.self, from: held.event ?? "") } catch {
                return try park(current, because: "an event cannot be read: \(error)", held, cause, store, now)
            }
            let told = Told(event: event, json: held.event ?? "", eventID: nil, cause: cause, isHeldAgain: true)
            outcome = try handle(told, current, store, now)
            current = try store.record(kind: kind, id: record.id)
            if case .parked = outcome {
                // It keeps its place before those that came after it.
                try store.markParked(record, version: held.version)
                break
            }
            try store.release(record, version: held.version)
        }
        return outcome
    }

    /// What nobody can read is what it is parked for then: an operator who decides passes over it.
    private func park(
        _ record: SagaRecord, because reason: String, _ held: SagaHistoryEntry, _ cause: String, _ store: SagaStore,
        _ now: Timestamp
    ) throws -> SagaOutcome {
        var change = SagaStore.Change(record)
        change.status = .parked
        change.parkedReason = reason
        var entry = SagaStore.Entry(kind: .parked, event: held.event, cause: cause)
        entry.reason = reason
        _ = try store.advance(record, to: change, entry, now)
        try store.markParked(record, version: held.version)
        return .parked(reason)
    }
}
