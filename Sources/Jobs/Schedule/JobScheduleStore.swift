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

    /// Enqueues what is due.
    /// - Returns: how many jobs were stored, and when the next tick of any schedule is due.
    @discardableResult
    public func tick(_ schedules: [JobSchedule], now: Timestamp) throws -> (enqueued: Int, next: Timestamp?) {
        let due = try transaction.rows(
            "SELECT name, next_at FROM job_schedules WHERE next_at <= \(now) ORDER BY next_at, name")
        var enqueued = 0
        for row in due {
            let (name, next): (String, Timestamp) = (try row.get(0), try row.get(1))
            guard let schedule = schedules.first(where: { $0.name == name }) else { continue }
            enqueued += try run(schedule, from: next, now)
        }
        let next = try transaction.row("SELECT MIN(next_at) FROM job_schedules WHERE next_at > \(now)")
        return (enqueued, try next?.get(0) ?? nil)
    }

    private func run(_ schedule: JobSchedule, from next: Timestamp, _ now: Timestamp) throws -> Int {
        let ticks = schedule.due(from: next, now: now)
        let after = schedule.cadence.next(after: now) ?? .distantFuture
        let moved = try transaction.execute(
            """
            UPDATE job_schedules SET next_at = \(after), last_at = COALESCE(\(ticks.last.sqlValue), last_at)
            WHERE name = \(schedule.name) AND next_at = \(next)
            """)
        guard moved == 1 else { return 0 }
        let store = JobStore(transaction: transaction)
        return try ticks.reduce(0) { count, tick in
            try store.enqueue(schedule.newJob(tick), now: now).isNew ? count + 1 : count
        }
    }
}
