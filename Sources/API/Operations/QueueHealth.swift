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
    /// A job that could have started so long ago, with nothing running, says that nobody works.
    static let idleLimit = Nanoseconds.seconds(30)

    let depth: JobStore.Depth
    /// Whether this server works on the queue at all.
    let isServed: Bool
    /// What does not stop though it was told to.
    let overdue: [String]
    let active: [JobRecord]
    let completed: [JobRecord]
    let failed: [JobRecord]
    /// What waits for an operator, and is told with this queue.
    let waitsForOperator: [(Status, String)]

    init(
        _ queue: QueueName, isServed: Bool = true, overdue: [String] = [], _ transaction: any SQLTransaction
    ) throws {
        self.isServed = isServed
        self.overdue = overdue
        let store = JobStore(transaction: transaction)
        guard let depth = try store.depths([queue]).first else {
            throw SQLError.other("queue \(queue.rawValue) has no depth")
        }
        self.depth = depth
        active = try store.jobs(queue, .running, limit: 100)
        completed = try store.jobs(queue, .completed, limit: 5)
        failed = try store.newestDead(queue, limit: 10)
        waitsForOperator = try Self.waiting(queue, depth, transaction)
    }

    /// Housekeeping has no failures that are nobody's concern; with it are told the messages that leave no more, which have no queue.
    private static func waiting(
        _ queue: QueueName, _ depth: JobStore.Depth, _ transaction: any SQLTransaction
    ) throws -> [(Status, String)] {
        var issues: [(Status, String)] = []
        if queue == LedgerJobs.queue {
            if let findings = try LedgerFindings.standing(transaction) {
                let text = "\(findings)"
                issues.append((.critical, text.prefix(1).uppercased() + text.dropFirst()))
            }
            if depth.dead > 0 { issues.append((.warning, "Dead letters: \(depth.dead), each waits for an operator")) }
            let parked = try Outbox(transaction: transaction).metrics().parkedLanes
            if parked > 0 {
                issues.append((.warning, "Parked outbox lanes: \(parked), none sends until an operator decides"))
            }
        }
        if queue == SagaTimeout.queue {
            let parked = try SagaStore(transaction: transaction).counts().filter { $0.status == .parked }
            if !parked.isEmpty {
                let kinds = parked.map { "\($0.count) of \($0.kind) at \($0.step)" }.joined(separator: ", ")
                issues.append((.warning, "Parked sagas, none moves until an operator decides: \(kinds)"))
            }
        }
        return issues
    }

    func issues(_ now: Timestamp) -> [(Status, String)] {
        var issues = waitsForOperator
        if depth.isPaused { issues.append((.critical, "Queue is paused")) }
        for job in overdue { issues.append((.critical, "\(job.prefix(1).uppercased() + job.dropFirst())")) }
        if !isServed { issues.append((.warning, "No worker of this server takes jobs of this queue")) }
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
