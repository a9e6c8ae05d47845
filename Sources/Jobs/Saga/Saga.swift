public import TradingCore

/// A long business process as a pure state machine: it says what follows from an event, and nothing else. It does no I/O,
/// reads no clock, draws no random number; a ``SagaRunner`` stores the new state together with what the commands lead to.
///
/// How to write one: `docs/sagas.md`.
public protocol Saga: Sendable {
    associatedtype State: SagaState
    /// What may happen to it: something was paid, a deadline passed, an answer came, or got lost.
    associatedtype Event: Codable & Sendable
    /// What shall be done, in the process's own words. ``SagaInterpreter`` turns it into jobs, messages and entries.
    associatedtype Command: Sendable

    /// Names the process in the database; never changes.
    static var kind: String { get }
    /// Of the stored state. One more when an older state cannot be decoded as it is; see ``state(from:version:)``.
    static var version: Int { get }
    /// The one table of what can follow what.
    static var transitions: SagaTransitions<State.Step> { get }
    /// What a passed deadline is told as.
    static var deadlineEvent: Event { get }

    func handle(_ event: Event, state: State, now: Timestamp) -> Transition<State, Command>

    /// Until when something must have happened in this state; nil waits for ever. Pure: keep moments in the state.
    func deadline(of state: State) -> Timestamp?

    /// Reads a state that `version` of this process stored.
    static func state(from json: String, version: Int) throws -> State
}

extension Saga {
    public static var version: Int { 1 }

    public func deadline(of state: State) -> Timestamp? { nil }

    public static func state(from json: String, version: Int) throws -> State {
        guard version == Self.version else { throw SagaError.version(kind: kind, stored: version, known: Self.version) }
        return try JobCoding.decode(State.self, from: json)
    }
}

/// What a saga remembers. Which step it is at is part of it, so that a step and its data cannot disagree.
public protocol SagaState: Codable, Sendable {
    associatedtype Step: RawRepresentable<String>, CaseIterable, Hashable, Sendable

    var step: Step { get }
}

/// What follows from an event.
public enum Transition<State: Sendable, Command: Sendable>: Sendable {
    /// Goes to another state, or another one of the same step, and has these done in the same transaction.
    case move(to: State, commands: [Command] = [])
    /// Changes nothing: the event is late, or no news. Recorded with its reason.
    case ignore(String)
    /// Nobody foresaw this, or nobody but a person can decide it: the event waits, with all that follow it, for an operator.
    case park(String)
}

/// Which step may follow which. What is not listed is an error that parks the saga. Staying at a step with another state is
/// a transition too, and listed.
public struct SagaTransitions<Step: RawRepresentable<String> & CaseIterable & Hashable & Sendable>: Sendable {
    private let successors: [Step: [Step]]
    private let final: [Step]

    /// - Parameter final: where the process is over. It may still move, to give back what comes too late.
    public init(_ successors: [Step: [Step]], final: [Step]) {
        self.successors = successors
        self.final = final
    }

    public func allows(_ from: Step, _ to: Step) -> Bool { successors[from]?.contains(to) ?? false }

    public func isFinal(_ step: Step) -> Bool { final.contains(step) }

    /// Steps that are not final and that nothing follows: a mistake in the table.
    public var deadEnds: [Step] { Step.allCases.filter { !isFinal($0) && successors[$0, default: []].isEmpty } }
}
