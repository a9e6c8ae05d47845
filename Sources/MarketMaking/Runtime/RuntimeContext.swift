public import Logging
public import Persistence
public import Scheduling
public import TradingCore

/// What every part of the runtime stands on: store, clock, alarms, log, and who we are at the exchanges.
public struct RuntimeContext: Sendable {
    public var database: any SQLDatabase
    public var time: any TimeSource
    public var alarms: AlarmClock
    public var registry: ScheduleRegistry
    public var logger: Logger
    /// The number in the ids of this database's orders: ``OrderMark``'s.
    public var installation: InstallationID
    /// Raised when an exchange refuses what keeps the rules that we know of it.
    let rulesAreDoubted = Signal()
    let fallenHalts = FallenHalts()
    /// Nil where no other server can have the database open.
    public let lease: TradingLease?
    /// Nil where the database is not a file of this process alone, or the disk has no room for it.
    let haltReserve: HaltReserve?

    public init(
        database: any SQLDatabase, time: any TimeSource, alarms: AlarmClock, registry: ScheduleRegistry,
        logger: Logger, installation: InstallationID = .first, lease: TradingLease? = nil,
        haltReserve: HaltReserve? = nil
    ) {
        self.database = lease.map { FencedDatabase(database: database, lease: $0) } ?? database
        self.lease = lease
        self.haltReserve = haltReserve
        self.time = time
        self.alarms = alarms
        self.registry = registry
        self.logger = logger
        self.installation = installation
    }
}
