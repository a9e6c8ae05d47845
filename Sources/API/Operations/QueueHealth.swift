import Jobs
import MarketMaking
import Persistence
import TradingCore

/// How one queue stands, judged by the reference's limits.
struct QueueHealth: Sendable {
    enum Status: String, Sendable {
        case healthy, warning, critical
    }

    /// Where a backlog and failures become remarkable.
    static let failureLimit = 100
    static let backlogLimit = 1_000
    /// A job that could have started so long ago, with none completed since, says that nobody works.
    static let idleLimit = Nanoseconds.seconds(30)

    let depth: JobStore.Depth
    /// Whether this server works on the queue at all.
    let isServed: Bool
    /// When it was looked at.
    let now: Timestamp
    /// What this process does about the queue; nil where it does nothing.
    let here: JobWorkerReport.Queue?
    /// What keeps this process's worker from working at all.
    let workerFaults: [JobFault]
    let active: [JobRecord]
    let completed: [JobRecord]
    let failed: [JobRecord]
    /// What waits for an operator, and is told with this queue.
    let waitsForOperator: [(Status, String)]

    init(
        _ queue: QueueName, isServed: Bool = true, here: JobWorkerReport? = nil, now: Timestamp,
        _ transaction: any SQLTransaction
    ) throws {
        self.isServed = isServed
        self.now = now
        self.here = here?.queues.first { $0.name == queue }
        workerFaults = self.here == nil ? [] : here?.faults ?? []
        let store = JobStore(transaction: transaction)
        guard let depth = try store.depths([queue], now: now).first else {
            throw SQLError.other("queue \(queue.rawValue) has no depth")
        }
        self.depth = depth
        active = try store.jobs(queue, .running, limit: 100)
        completed = try store.jobs(queue, .completed, limit: 5)
        failed = try store.newestDead(queue, limit: 10)
        waitsForOperator = try Self.standing(queue, depth, transaction, now)
    }

    func issues() -> [(Status, String)] {
        var issues = waitsForOperator
        if depth.isPaused { issues.append((.critical, "Queue is paused")) }
        for job in here?.overdue ?? [] { issues.append((.critical, "Job \(job.description.dropFirst("job ".count))")) }
        for fault in workerFaults + (here?.faults ?? []) {
            issues.append((.critical, "\(fault.description.prefix(1).uppercased())\(fault.description.dropFirst())"))
        }
        // What is over needs nobody.
        if !isServed, depth.live > 0 {
            issues.append((.warning, "No worker of this server takes jobs of this queue"))
        }
        if depth.dead > Self.failureLimit {
            issues.append((.warning, "High failure rate: \(depth.dead) failed jobs"))
        }
        if depth.ready > Self.backlogLimit { issues.append((.warning, "Large backlog: \(depth.ready) waiting jobs")) }
        issues += [staleness, heldBack].compactMap { $0 }
        return issues
    }

    /// Whether what waits is worked off. Its age counts whatever runs: one job that hangs, or attempts that all fail, must not hide a
    /// backlog that nobody works off. One that shrinks is only slow.
    private var staleness: (Status, String)? {
        guard !depth.isPaused, let oldest = depth.oldestReady, now.nanoseconds(since: oldest) > Self.idleLimit else {
            return nil
        }
        let age = Self.seconds(oldest, now)
        if progresses {
            return (.warning, "Waiting jobs are worked off late: the oldest waits for \(age)")
        }
        if depth.running == 0 { return (.critical, "No active workers processing waiting jobs") }
        let last = progress.map { "for \(Self.seconds($0, now))" } ?? "as far as is known"
        return (
            .critical,
            "Waiting jobs are not worked off: the oldest waits for \(age), none was completed \(last), running: \(depth.running)"
        )
    }

    private var progress: Timestamp? { [depth.lastCompleted, here?.counters.lastProgress].compactMap { $0 }.max() }

    private var progresses: Bool { progress.map { now.nanoseconds(since: $0) <= Self.idleLimit } ?? false }

    /// Jobs of a serial key wait for the one before them. Where that lies dead an operator decides; where it runs and nothing of the queue
    /// is completed, it hangs.
    private var heldBack: (Status, String)? {
        guard !depth.isPaused, let oldest = depth.oldestWaiting, now.nanoseconds(since: oldest) > Self.idleLimit else {
            return nil
        }
        let isHung = depth.running > 0 && !progresses
        return (
            isHung ? .critical : .warning,
            "\(depth.waiting) jobs wait behind an earlier one of their serial key, the oldest for \(Self.seconds(oldest, now)); running: \(depth.running), failed: \(depth.dead)"
        )
    }

    private static func seconds(_ start: Timestamp, _ end: Timestamp) -> String {
        "\(end.nanoseconds(since: start) / Nanoseconds.perSecond) s"
    }
}

extension QueueHealth.Status {
    /// The worst of all; a warning never lowers what is critical.
    init(_ issues: [(QueueHealth.Status, String)]) {
        self = issues.contains { $0.0 == .critical } ? .critical : issues.isEmpty ? .healthy : .warning
    }
}
