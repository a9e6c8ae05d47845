public import TradingCore

/// A job that recurs: one instance of each tick in the whole cluster.
public struct JobSchedule: Sendable {
    /// What becomes of ticks that nobody was there for.
    public enum CatchUp: Hashable, Sendable {
        /// Forgotten, unless the latest is at most `tolerance` late.
        case skip(tolerance: Duration = .seconds(60))
        /// The latest one is run, whatever its age; those before it are forgotten.
        case once
        /// Every one is run, in order; of more than `maximum` at a time the latest ones.
        case all(maximum: Int)
    }

    /// Unique in the process. A tick's job has the custom id `name@milliseconds since 1970`.
    public let name: String
    public let cadence: JobCadence
    public let catchUp: CatchUp
    let job: @Sendable (Timestamp) throws -> NewJob

    /// - Parameter job: what a tick enqueues; its options' `id` and `start` are the schedule's.
    public init(
        _ name: String, _ cadence: JobCadence, catchUp: CatchUp = .skip(),
        job: @escaping @Sendable (_ tick: Timestamp) throws -> NewJob
    ) {
        self.name = name
        self.cadence = cadence
        self.catchUp = catchUp
        self.job = job
    }

    /// The job of one tick: however often it is enqueued, it is stored once.
    /// - Throws: what the schedule's code throws, ``JobOptionsError``.
    func newJob(_ tick: Timestamp) throws -> NewJob {
        var job = try job(tick)
        job.options.id = "\(name)@\(tick.nanoseconds / Nanoseconds.perMillisecond)"
        job.options.start = .now
        try job.validate()
        return job
    }

    /// The schedule and the tick that a job was made for.
    static func tick(ofJob customID: String) -> (name: String, tick: Timestamp)? {
        guard let at = customID.lastIndex(of: "@"),
            let milliseconds = Int64(customID[customID.index(after: at)...]),
            (0...Int64.max / Nanoseconds.perMillisecond).contains(milliseconds)
        else { return nil }
        return (String(customID[..<at]), Timestamp(nanoseconds: milliseconds * Nanoseconds.perMillisecond))
    }

    /// Which ticks are to be run now.
    /// - Parameter next: the first one that nobody has run; due.
    func due(from next: Timestamp, now: Timestamp) -> [Timestamp] {
        let before = next.advanced(byNanoseconds: -1)
        switch catchUp {
        case .skip(let tolerance):
            let last = cadence.latest(1, after: before, through: now)
            return last.filter { now.nanoseconds(since: $0) <= tolerance.nanoseconds }
        case .once: return cadence.latest(1, after: before, through: now)
        case .all(let maximum): return cadence.latest(maximum, after: before, through: now)
        }
    }
}
