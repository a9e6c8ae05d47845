public import Persistence
public import TradingCore

/// Turns commands of a saga into what is done in the transaction of its transition. Belongs to the saga's module, which
/// knows its ledger, its tables and its jobs.
public protocol SagaInterpreter<Command>: Sendable {
    associatedtype Command: Sendable

    /// - Throws: whatever makes the whole transition fail: nothing of it is stored, and the event may be told again.
    func effects(of command: Command, key: SagaCommandKey, now: Timestamp) throws -> [SagaEffect]
}

/// One thing done in the transaction of a transition.
public enum SagaEffect: Sendable {
    case job(NewJob)
    case message(topic: String, key: String, name: String, payload: [UInt8])
    /// Anything else that belongs to the transition: ledger entries, rows of the module's own. May be run twice.
    case transact(@Sendable (any SQLTransaction) throws -> Void)
}

/// Names one command of one saga for ever: the same however often it is tried, so it serves as the idempotency key of an
/// entry, as a job's id, as the id of a request that leaves the process.
public struct SagaCommandKey: Hashable, Sendable, CustomStringConvertible {
    public let kind: String
    public let sagaID: String
    /// Of the saga after the transition that gave the command.
    public let version: Int64
    /// Among the transition's commands, from 0 on.
    public let index: Int

    public var description: String { "\(kind)/\(sagaID)/\(version)/\(index)" }

    /// A UUID for requests to others.
    public var requestID: String { StableID.uuid("saga", kind, sagaID, "\(version)", "\(index)") }
}
