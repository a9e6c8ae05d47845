public import Persistence

/// What is simulated: tables, participants and invariants. A module of the server brings its own, or joins one.
public protocol SimulationScenario: Sendable {
    var migrations: [Migration] { get }
    var journal: [JournalTrigger] { get }

    /// How many steps are made before faults end.
    var stepLimit: Int { get }

    /// Fills a world with participants and checks.
    func populate(_ world: SimulationWorld)

    /// What is still to be done once faults are over; nil when the world is at rest.
    func unfinished(_ world: SimulationWorld) throws -> String?
}

extension SimulationScenario {
    public var stepLimit: Int { 160 }
}
