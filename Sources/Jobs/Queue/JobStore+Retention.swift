import Persistence
public import TradingCore

extension JobStore {
    /// Removes finished jobs whose time is over or that are too many, the oldest first.
    /// - Parameter limit: at most so many of each outcome.
    /// - Returns: how many were removed.
    public func removeFinished(_ queue: QueueConfiguration, limit: Int, now: Timestamp) throws -> Int {
        try JobState.allCases.filter(\.isFinished).reduce(0) { sum, state in
            try sum + removeFinished(queue, state, limit, now)
        }
    }

    private func removeFinished(
        _ queue: QueueConfiguration, _ state: JobState, _ limit: Int, _ now: Timestamp
    ) throws -> Int {
        let byAge = queue.retention.map { now.advanced(byNanoseconds: -$0.nanoseconds) } ?? .distantPast
        let byCount = try newestBeyond(queue.maximumFinished, queue.name, state) ?? .distantPast
        // The state is text of the statement: SQLite prepares one anew at every use whose bound values could decide whether a
        // partial index serves.
        return try transaction.execute(
            """
            DELETE FROM jobs WHERE id IN (
                SELECT id FROM jobs WHERE queue = \(queue.name) AND state = '\(raw: state.rawValue)' AND finished_at IS NOT NULL
                    AND finished_at <= \(max(byAge, byCount))
                ORDER BY finished_at, id LIMIT \(limit) \(postgres: "FOR UPDATE SKIP LOCKED"))
            """)
    }

    /// When the newest of those was finished that are too many.
    private func newestBeyond(_ maximum: Int?, _ queue: QueueName, _ state: JobState) throws -> Timestamp? {
        guard let maximum else { return nil }
        return try transaction.row(
            """
            SELECT finished_at FROM jobs WHERE queue = \(queue) AND state = '\(raw: state.rawValue)' AND finished_at IS NOT NULL
            ORDER BY finished_at DESC, id DESC LIMIT 1 OFFSET \(maximum)
            """)?.get(0)
    }
}
