public import Persistence
public import TradingCore

/// What became of an event.
public enum SagaOutcome: Hashable, Sendable {
    case moved(to: String)
    case ignored(String)
    /// The same event was told before.
    case repeated
    /// The saga is parked; the event waits with it.
    case held
    /// The event parked it.
    case parked(String)
    /// A timeout of a deadline that no longer holds.
    case stale
}

/// Moves sagas of one kind: asks the process what follows from an event, and stores the new state, its history, and what the
/// commands lead to in the caller's transaction. All of it happens, or, when anything throws and so ends the transaction, none.
public struct SagaRunner<Process: Saga, Interpreter: SagaInterpreter>: Sendable
where Interpreter.Command == Process.Command {
    public let process: Process
    public let interpreter: Interpreter

    public init(_ process: Process, _ interpreter: Interpreter) {
        self.process = process
        self.interpreter = interpreter
    }

    public var kind: String { Process.kind }

    /// Starts a saga.
    /// - Parameters:
    ///   - commands: what its first state needs to be done.
    ///   - cause: who starts it, for the history.
    /// - Returns: false, with nothing changed, when it was started with this state before.
    /// - Throws: ``SagaError``, whatever the interpreter and its effects throw.
    @discardableResult
    public func start(
        _ id: String, _ state: Process.State, commands: [Process.Command] = [], cause: String,
        in transaction: any SQLTransaction, now: Timestamp
    ) throws -> Bool {
        guard (1...128).contains(id.utf8.count) else { throw SagaError.idLength(kind: kind, id: id) }
        let store = SagaStore(transaction: transaction)
        let json = try JobCoding.encode(state)
        if let existing = try store.show(ifStarted: kind, id) {
            guard existing == json else {
                throw SagaError.startConflict(kind: kind, id: id, stored: existing, given: json)
            }
            return false
        }
        var row = SagaStore.Change(schema: Process.version, step: state.step.rawValue, state: json)
        if Process.transitions.isFinal(state.step) { row.status = .finished }
        try arm(&row, id, state, version: 1, transaction, now)
        // The state is kept as an event, so that a later start can be compared with it.
        let entry = SagaStore.Entry(
            kind: .started, event: json, cause: cause, commands: commands.map { "\($0)" })
        try store.insert(kind: kind, id: id, row, entry, now)
        try carryOut(commands, id, version: 1, transaction, now)
        return true
    }

    /// Tells a saga an event, once per event id.
    /// - Parameters:
    ///   - eventID: what the event is, never which attempt at telling it: `deposit 4f1c`, `request 77 sent`.
    ///   - cause: who tells it, for the history.
    /// - Throws: ``SagaError``, whatever the interpreter and its effects throw.
    @discardableResult
    public func send(
        _ event: Process.Event, eventID: String, to id: String, cause: String, in transaction: any SQLTransaction,
        now: Timestamp
    ) throws -> SagaOutcome {
        let store = SagaStore(transaction: transaction)
        let record = try store.record(kind: kind, id: id)
        let json = try JobCoding.encode(event)
        if let told = try store.entry(kind: kind, id: id, eventID: eventID) {
            guard told.event == json else {
                throw SagaError.eventConflict(
                    kind: kind, id: id, eventID: eventID, stored: told.event ?? "", given: json)
            }
            return .repeated
        }
        let told = Told(event: event, json: json, eventID: eventID, cause: cause)
        if record.status == .parked {
            var entry = told.entry(.held)
            entry.isHeld = true
            _ = try store.advance(record, to: SagaStore.Change(record), entry, now)
            return .held
        }
        return try handle(told, record, store, now)
    }
}

extension SagaStore {
    /// The state with which a saga was started; nil when it was not.
    fileprivate func show(ifStarted kind: String, _ id: String) throws -> String? {
        try transaction.row(
            "SELECT event FROM saga_history WHERE kind = \(kind) AND id = \(id) AND version = 1"
        ).map { try $0.get("event") }
    }
}
