public import TradingCore

/// Whoever acts in a simulated world: a server process, a customer, an exchange, an operator.
///
/// It says what it could do next, and the scheduler picks one of all these steps by the seed. A step is synchronous and
/// is the unit of interleaving: between two of them anybody else may act, time may pass, a process may die. So whatever
/// is two moments in the real program is two steps here.
public protocol SimulationParticipant: AnyObject {
    /// Unique in the world.
    var name: String { get }
    /// A process can die and stand still; what is outside of our servers cannot.
    var isProcess: Bool { get }

    /// What it could do now. The same world gives the same steps in the same order.
    func steps(_ world: SimulationWorld) -> [SimulationStep]

    /// When it will have something to do if nobody else does anything; nil when it waits for others.
    func nextMoment(_ world: SimulationWorld) -> Timestamp?

    /// Its process is dead: whatever it kept in memory is gone.
    func crashed(_ world: SimulationWorld)

    /// Word that something was committed, see `SQLTransaction.notify(_:)`.
    func heard(_ channel: String)
}

extension SimulationParticipant {
    public var isProcess: Bool { false }
    public func nextMoment(_ world: SimulationWorld) -> Timestamp? { nil }
    public func crashed(_ world: SimulationWorld) {}
    public func heard(_ channel: String) {}
}

/// One thing that a participant could do.
public struct SimulationStep {
    /// In the trace: what, of which thing.
    public let name: String
    /// How likely it is to be picked, compared with others.
    public let weight: UInt64
    /// Upkeep that is always due again, such as a heartbeat: time does not wait for it once faults are over.
    public let isUpkeep: Bool
    /// - Throws: ``SimulatedCrash`` when its process dies in it. Anything else that comes out is a violation.
    public let action: () throws -> Void

    public init(_ name: String, weight: UInt64 = 20, isUpkeep: Bool = false, _ action: @escaping () throws -> Void) {
        self.name = name
        self.weight = weight
        self.isUpkeep = isUpkeep
        self.action = action
    }
}

/// Ends the process in whose step it is thrown.
public struct SimulatedCrash: Error {
    public init() {}
}
