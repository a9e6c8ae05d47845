public import Persistence
import TradingCore

/// How long what is over stays.
public struct RetentionRules: Hashable, Sendable {
    /// Of finished sagas and their history, from their end. Their event ids are forgotten with them.
    public var sagas: Duration
    /// Of receipts. Longer than any cause can be told again, and no shorter than ``sagas``: a receipt is what keeps the cause of a saga that
    /// is gone from starting it again.
    public var receipts: Duration

    public init(sagas: Duration = .seconds(90 * 86_400), receipts: Duration = .seconds(365 * 86_400)) {
        self.sagas = sagas
        self.receipts = receipts
    }
}

/// Housekeeping of the tables that nothing else empties. Jobs have their queue's retention, messages their relay's.
public enum RetentionJobs {
    public static let queue: QueueName = "maintenance"

    public static func add(
        to handlers: inout JobHandlers, database: any SQLDatabase, rules: RetentionRules = RetentionRules()
    ) {
        handlers.add(SweepHistoryHandler(database: database, rules: rules))
    }

    public static let schedules = [
        JobSchedule("jobs.sweep-history", .every(.seconds(3_600)), catchUp: .once) { _ in
            try NewJob(SweepHistory(), SweepHistory.options)
        }
    ]
}

/// Removes finished sagas and receipts whose time is over.
struct SweepHistory: JobArguments {
    static let kind = "jobs.sweep-history"
    static let queue = RetentionJobs.queue
    static let options = JobOptions(
        attempts: 3, backoff: .fixed(.seconds(60)), serialKey: "jobs.sweep-history", timeout: .seconds(1_800),
        deadLetterHoldsKey: false)
}

struct SweepHistoryHandler: JobHandler {
    typealias Arguments = SweepHistory

    /// So many in one transaction: others wait for it.
    static let batch = 200

    let database: any SQLDatabase
    let rules: RetentionRules

    func perform(_ arguments: SweepHistory, context: JobContext) async throws -> JobOutcome {
        // By the clock that all nodes share.
        let (rules, now) = (rules, context.startedAt)
        let sagas = now.advanced(byNanoseconds: -rules.sagas.nanoseconds)
        for kind in try await database.read({ try SagaStore(transaction: $0).kinds() }) {
            try await repeatedly { try SagaStore(transaction: $0).sweep(kind: kind, before: sagas, limit: Self.batch) }
        }
        let receipts = now.advanced(byNanoseconds: -rules.receipts.nanoseconds)
        for consumer in try await database.read({ try Receipts(transaction: $0).consumers() }) {
            try await repeatedly {
                try Receipts(transaction: $0).sweep(consumer: consumer, before: receipts, limit: Self.batch)
            }
        }
        return .commit {
            try JobStore(transaction: $0).discardDead(SweepHistory.queue, kind: SweepHistory.kind, now: now)
        }
    }

    /// Batch after batch, each its own transaction, until one is not full.
    private func repeatedly(_ sweep: @escaping @Sendable (any SQLTransaction) throws -> Int) async throws {
        repeat { try Task.checkCancellation() } while try await database.write(sweep) >= Self.batch
    }
}
