import Jobs
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
    /// A job that could have started so long ago, with nothing running, says that nobody works.
    static let idleLimit = Nanoseconds.seconds(30)

    let depth: JobStore.Depth
    let active: [JobRecord]
    let completed: [JobRecord]
    let failed: [JobRecord]

    init(_ queue: QueueName, _ transaction: any SQLTransaction) throws {
        let store = JobStore(transaction: transaction)
        guard let depth = try store.depths([queue]).first else {
            throw SQLError.other("queue \(queue.rawValue) has no depth")
        }
        self.depth = depth
        active = try store.jobs(queue, .running, limit: 100)
        completed = try store.jobs(queue, .completed, limit: 5)
        failed = try store.newestDead(queue, limit: 10)
    }

    func issues(_ now: Timestamp) -> [(Status, String)] {
        var issues: [(Status, String)] = []
        if depth.isPaused { issues.append((.critical, "Queue is paused")) }
        if depth.dead > Self.failureLimit {
            issues.append((.warning, "High failure rate: \(depth.dead) failed jobs"))
        }
        if depth.ready > Self.backlogLimit { issues.append((.warning, "Large backlog: \(depth.ready) waiting jobs")) }
        if depth.running == 0, !depth.isPaused, let oldest = depth.oldestReady,
            now.nanoseconds(since: oldest) > Self.idleLimit
        {
            issues.append((.critical, "No active workers processing waiting jobs"))
        }
        return issues
    }
}

extension QueueHealth.Status {
    /// The worst of all; a warning never lowers what is critical.
    init(_ issues: [(QueueHealth.Status, String)]) {
        self = issues.contains { $0.0 == .critical } ? .critical : issues.isEmpty ? .healthy : .warning
    }
}
