/// Invariants of a world. It sees every change of every row that is journaled, in order, as soon as it is committed.
public protocol SimulationCheck: AnyObject {
    /// - Parameter change: of a transaction that has been committed.
    func observe(_ change: SimulationChange, _ world: SimulationWorld)

    /// All changes of a transaction have been seen.
    func committed(_ world: SimulationWorld)

    /// The world has come to rest: faults are over and all work is done.
    func atRest(_ world: SimulationWorld) throws
}

extension SimulationCheck {
    public func observe(_ change: SimulationChange, _ world: SimulationWorld) {}
    public func committed(_ world: SimulationWorld) {}
    public func atRest(_ world: SimulationWorld) throws {}
}

/// One row that changed. Written by triggers within the transaction that changes it, so it is exact: all states between
/// are seen, and nothing that was rolled back.
public struct SimulationChange: Hashable, Sendable {
    /// What kind of thing: `job`, `account`, `saga`.
    public let what: String
    public let id: String
    /// Nil when it is new.
    public let old: String?
    /// Nil when it is gone.
    public let new: String?
    public let detail: String?
    public let number: Int64
}

/// What must never be.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its name: `assetSum`, `jobEffectOnce`.
    public let invariant: String
    public let message: String
    /// How many steps had been made.
    public let step: Int

    public var description: String { "\(invariant): \(message) (step \(step))" }
}
