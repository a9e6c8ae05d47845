import Jobs
import MarketMaking
import Persistence
import TradingCore

/// What is wrong and stays so until somebody does something about it.
extension QueueHealth {
    static func standing(
        _ queue: QueueName, _ depth: JobStore.Depth, _ transaction: any SQLTransaction, _ now: Timestamp
    ) throws -> [(Status, String)] {
        switch queue {
        case LedgerJobs.queue: try findings(transaction) + deadLetters(depth) + lanes(transaction)
        case SagaTimeout.queue: try deadLetters(depth) + sagas(transaction, now)
        default: []
        }
    }

    /// Of queues in which there are no failures that are nobody's concern: housekeeping, and deadlines that nobody else tells.
    private static func deadLetters(_ depth: JobStore.Depth) -> [(Status, String)] {
        depth.dead > 0 ? [(.warning, "Dead letters: \(depth.dead), each waits for an operator")] : []
    }

    private static func findings(_ transaction: any SQLTransaction) throws -> [(Status, String)] {
        guard let findings = try LedgerFindings.standing(transaction) else { return [] }
        let text = "\(findings)"
        return [(.critical, text.prefix(1).uppercased() + text.dropFirst())]
    }

    /// Told with housekeeping, for messages have no queue.
    private static func lanes(_ transaction: any SQLTransaction) throws -> [(Status, String)] {
        let parked = try Outbox(transaction: transaction).metrics().parkedLanes
        if parked == 0 { return [] }
        return [(.warning, "Parked outbox lanes: \(parked), none sends until an operator decides")]
    }

    /// A parked saga has asked for somebody. One that is late has not been told that its time is over, which is a fault of ours.
    private static func sagas(_ transaction: any SQLTransaction, _ now: Timestamp) throws -> [(Status, String)] {
        let store = SagaStore(transaction: transaction)
        var issues: [(Status, String)] = []
        let parked = try store.counts().filter { $0.status == .parked }
        if !parked.isEmpty {
            let kinds = parked.map { "\($0.count) of \($0.kind) at \($0.step)" }.joined(separator: ", ")
            issues.append((.warning, "Parked sagas, none moves until an operator decides: \(kinds)"))
        }
        let late = try store.late(now: now)
        if let first = late.first {
            issues.append((.critical, "Sagas past their deadline: \(late.count), the first is \(first)"))
        }
        return issues
    }
}
