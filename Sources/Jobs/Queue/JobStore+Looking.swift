import Persistence
import TradingCore

extension JobStore {
    public func job(_ id: JobID) throws -> JobRecord? {
        try transaction.row("SELECT \(raw: JobRecord.columns) FROM jobs WHERE id = \(id)").map { try JobRecord($0) }
    }

    public func job(_ customID: String, in queue: QueueName) throws -> JobRecord? {
        try transaction.row(
            """
            SELECT \(raw: JobRecord.columns) FROM jobs
            WHERE queue = \(queue) AND custom_id = \(customID) AND custom_id IS NOT NULL
            """
        ).map { try JobRecord($0) }
    }

    /// One page of the jobs of a queue in one state: finished ones newest first, others in the order they were enqueued in.
    /// - Parameters:
    ///   - after: the last job of the page before.
    ///   - limit: from 1 to 1,000.
    public func jobs(
        _ queue: QueueName, _ state: JobState, after: JobRecord? = nil, limit: Int = 100
    ) throws -> [JobRecord] {
        let limit = min(max(1, limit), 1_000)
        if state.isFinished {
            let (time, id) = (after?.finishedAt ?? .distantFuture, after?.id.rawValue ?? .max)
            return try transaction.rows(
                """
                SELECT \(raw: JobRecord.columns) FROM jobs
                WHERE queue = \(queue) AND state = \(state) AND finished_at IS NOT NULL
                    AND (finished_at < \(time) OR (finished_at = \(time) AND id < \(id)))
                ORDER BY finished_at DESC, id DESC LIMIT \(limit)
                """
            ).map { try JobRecord($0) }
        }
        // The state is text of the statement, so that the planner sees that the state's partial index serves.
        return try transaction.rows(
            """
            SELECT \(raw: JobRecord.columns) FROM jobs
            WHERE queue = \(queue) AND state = '\(raw: state.rawValue)' AND id > \(after?.id.rawValue ?? 0)
            ORDER BY id LIMIT \(limit)
            """
        ).map { try JobRecord($0) }
    }

    /// Every queue that has jobs, live or finished, whoever works on it.
    ///
    /// From one to the next over an index each, so that a million jobs of one queue cost one look.
    public func storedQueues() throws -> [QueueName] {
        var names: Set<String> = []
        for state in ["ready", "delayed", "waiting", "dead"] {
            try collect(&names, "state = '\(raw: state)'")
        }
        for state in [JobState.completed, .discarded, .cancelled] {
            try collect(&names, "state = '\(raw: state.rawValue)' AND finished_at IS NOT NULL")
        }
        // As many as there are handlers at work.
        for row in try transaction.rows("SELECT DISTINCT queue FROM jobs WHERE state = 'running'") {
            names.insert(try row.get(0))
        }
        return names.sorted().compactMap(QueueName.init)
    }

    private func collect(_ names: inout Set<String>, _ condition: SQL) throws {
        var last = ""
        while let row = try transaction.row(
            "SELECT queue FROM jobs WHERE " + condition + " AND queue > \(last) ORDER BY queue LIMIT 1")
        {
            last = try row.get(0)
            names.insert(last)
        }
    }
}
