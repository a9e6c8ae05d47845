public import Jobs

/// What every server of a world runs.
public struct ServerSetup {
    public var switches: ServerSwitches
    public var queues: [QueueConfiguration]
    public var engine: JobEngine
    public var outside: [OutsideHandler]
    public var schedules: [JobSchedule]
    /// Takes messages; throws when it did not.
    public var sink: (OutboxMessage, SimulationWorld) throws -> Void
    public var mutation: ServerMutation?

    public init(
        switches: ServerSwitches, queues: [QueueConfiguration], engine: JobEngine, outside: [OutsideHandler] = [],
        schedules: [JobSchedule] = [], sink: @escaping (OutboxMessage, SimulationWorld) throws -> Void
    ) {
        self.switches = switches
        self.queues = queues
        self.engine = engine
        self.outside = outside
        self.schedules = schedules
        self.sink = sink
    }
}

/// A rule that a server breaks on purpose, to prove that the checks see it.
public enum ServerMutation: String, CaseIterable, Sendable {
    /// A job is completed whoever holds it by now.
    case noFencing
    /// Messages of a lane are sent the last one first.
    case reversedLane
    /// A schedule's tick is enqueued without moving the schedule on.
    case unguardedTick
}
