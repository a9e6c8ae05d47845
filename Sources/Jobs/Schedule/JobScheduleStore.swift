public import Persistence
public import TradingCore

/// `job_schedules`: for each recurring job the next tick that nobody has enqueued yet. Enqueueing a tick and moving on are one
/// transaction, guarded by the tick itself, so that of many nodes one enqueues it.
public struct JobScheduleStore {
    let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    public struct Entry: Hashable, Sendable {
        public let name: String
        public let cadence: String
        public let nextAt: Timestamp
        /// The last tick that was enqueued.
        public let lastAt: Timestamp?
    }

    public func entries() throws -> [Entry] {
        try transaction.rows("SELECT name, cadence, next_at, last_at FROM job_schedules ORDER BY name").map {
            Entry(name: try $0.get(0), cadence: try $0.get(1), nextAt: try $0.get(2), lastAt: try $0.get(3))
        }
    }

    /// New ones begin with their next tick, those with another cadence begin anew, all others go on where they were. Those that
    /// this program does not know stay: they may be a newer node's.
    public func define(_ schedules: [JobSchedule], now: Timestamp) throws {
        let stored = try entries()
        for schedule in schedules {
            let cadence = schedule.cadence.description
            if stored.contains(where: { $0.name == schedule.name && $0.cadence == cadence }) { continue }
            try transaction.execute(
                """
                INSERT INTO job_schedules (name, cadence, next_at)
                VALUES (\(schedule.name), \(cadence), \(schedule.cadence.next(after: now) ?? .distantFuture))
                ON CONFLICT (name) DO UPDATE SET cadence = excluded.cadence, next_at = excluded.next_at
                """)
        }
    }

    /// What came of looking at all schedules.
    public struct Tick: Hashable, Sendable {
        /// Jobs that were stored.
        public internal(set) var enqueued = 0
        /// When the next tick of any schedule is due.
        public internal(set) var next: Timestamp?
        /// Schedules whose jobs could not be made. Their ticks stay due, and are tried again whenever schedules are looked at.
        public internal(set) var failures: [Failure] = []
        /// Schedules whose next tick was too far ahead: a clock was. They go on with their next tick from now.
        public internal(set) var broughtBack: [String] = []
    }

    public struct Failure: Hashable, Sendable, CustomStringConvertible {
        public let schedule: String
        public let reason: String

        public var description: String { "schedule \(schedule): \(reason)" }
    }

    /// Enqueues what is due. A schedule whose job cannot be made keeps none of the others from theirs.
    @discardableResult
    public func tick(_ schedules: [JobSchedule], now: Timestamp) throws -> Tick {
        var tick = Tick()
        tick.broughtBack = try bringBack(schedules, now: now)
        var isHeld = false
        let due = try transaction.rows(
            "SELECT name, next_at FROM job_schedules WHERE next_at <= \(now) ORDER BY next_at, name")
        for row in due {
            let (name, next): (String, Timestamp) = (try row.get(0), try row.get(1))
            guard let schedule = schedules.first(where: { $0.name == name }) else { continue }
            guard try isFree(name) else {
                isHeld = true
                continue
            }
            let ticks = schedule.due(from: next, now: now)
            let jobs: [NewJob]
            // Before any statement: the code of a schedule may fail, its rows stay as they are then.
            do { jobs = try ticks.map(schedule.newJob) } catch {
                tick.failures.append(Failure(schedule: name, reason: "\(error)"))
                continue
            }
            tick.enqueued += try enqueue(jobs, of: schedule, from: next, through: ticks.last, now)
        }
        tick.next = try transaction.row("SELECT MIN(next_at) FROM job_schedules WHERE next_at > \(now)")?.get(0)
        if isHeld { tick.next = min(tick.next ?? .distantFuture, now.advanced(byNanoseconds: Self.heldNanoseconds)) }
        return tick
    }

    /// How long until a schedule is looked at again that another node was moving on.
    static let heldNanoseconds = Nanoseconds.seconds(1)

    /// Keeps other nodes from a schedule until the transaction ends.
    /// - Returns: false when another node has it: most likely that one enqueues the tick, and if it was frozen in the midst of it, this one's
    ///   writer must not stand still as well.
    private func isFree(_ name: String) throws -> Bool {
        try transaction.row(
            "SELECT 1 FROM job_schedules WHERE name = \(name) \(postgres: "FOR UPDATE SKIP LOCKED")") != nil
    }

    /// So far the clocks of two nodes may be apart.
    static let clockTolerance = Nanoseconds.seconds(300)

    /// No tick that anybody can have moved on to is later than the first after now, by whatever clock: one that is was stored by a clock that
    /// ran ahead, and would keep its schedule still for as long.
    private func bringBack(_ schedules: [JobSchedule], now: Timestamp) throws -> [String] {
        let latest = now.advanced(byNanoseconds: Self.clockTolerance)
        var names: [String] = []
        for entry in try entries() {
            guard let schedule = schedules.first(where: { $0.name == entry.name }),
                let bound = schedule.cadence.next(after: latest), entry.nextAt > bound, try isFree(entry.name)
            else { continue }
            let moved = try transaction.execute(
                """
                UPDATE job_schedules SET next_at = \(schedule.cadence.next(after: now) ?? .distantFuture),
                    last_at = CASE WHEN last_at > \(latest) THEN NULL ELSE last_at END
                WHERE name = \(entry.name) AND next_at = \(entry.nextAt)
                """)
            if moved == 1 { names.append(entry.name) }
        }
        return names
    }

    /// The time by the database server's clock, one for all nodes; the given one where the database is this process's own.
    func sharedNow(or now: Timestamp) throws -> Timestamp {
        guard transaction.dialect == .postgres else { return now }
        let row = try transaction.row("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000000)::BIGINT")
        return try row?.get(0) ?? now
    }

    private func enqueue(
        _ jobs: [NewJob], of schedule: JobSchedule, from next: Timestamp, through last: Timestamp?, _ now: Timestamp
    ) throws -> Int {
        let after = schedule.cadence.next(after: now) ?? .distantFuture
        let moved = try transaction.execute(
            """
            UPDATE job_schedules SET next_at = \(after), last_at = COALESCE(\(last.sqlValue), last_at)
            WHERE name = \(schedule.name) AND next_at = \(next)
            """)
        guard moved == 1 else { return 0 }
        let store = JobStore(transaction: transaction)
        return try jobs.reduce(0) { count, job in try store.enqueue(job, now: now).isNew ? count + 1 : count }
    }
}
