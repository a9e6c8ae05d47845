import Persistence
public import TradingCore

/// How many sagas are at a step.
public struct SagaCount: Hashable, Sendable {
    public let kind: String
    public let step: String
    public let status: SagaStatus
    public let count: Int
}

/// What operators look at.
extension SagaStore {
    /// Sagas of a kind by id.
    /// - Parameter previous: the last id of the page before.
    public func list(
        kind: String, step: String? = nil, status: SagaStatus? = nil, after previous: String = "", limit: Int = 100
    ) throws -> [SagaRecord] {
        var sql: SQL = "SELECT \(raw: SagaRecord.columns) FROM sagas WHERE kind = \(kind) AND id > \(previous)"
        if let step { sql = sql + " AND step = \(step)" }
        switch status {
        // Said in words, not by value, so that the partial index serves.
        case .parked: sql = sql + " AND status = 'parked'"
        case .running: sql = sql + " AND status = 'running' AND status <> 'finished'"
        case .finished: sql = sql + " AND status = 'finished'"
        case nil: break
        }
        sql = sql + " ORDER BY id LIMIT \(limit)"
        return try transaction.rows(sql).map { try SagaRecord($0) }
    }

    /// One saga with all that happened to it.
    /// - Throws: ``SagaError/unknown(kind:id:)``.
    public func show(kind: String, id: String) throws -> (record: SagaRecord, history: [SagaHistoryEntry]) {
        let history = try transaction.rows(
            """
            SELECT \(raw: SagaHistoryEntry.columns) FROM saga_history WHERE kind = \(kind) AND id = \(id)
            ORDER BY version
            """)
        return (try record(kind: kind, id: id), try history.map { try SagaHistoryEntry($0) })
    }

    /// Sagas that need somebody: parked ones, then those whose deadline passed longer ago than a timeout job takes.
    /// - Parameter graceNanoseconds: how late a timeout may be.
    public func stuck(
        graceNanoseconds: Int64 = Nanoseconds.seconds(60), limit: Int = 100, now: Timestamp
    ) throws
        -> [SagaRecord]
    {
        let parked = try transaction.rows(
            """
            SELECT \(raw: SagaRecord.columns) FROM sagas WHERE status = 'parked' ORDER BY kind, id LIMIT \(limit)
            """)
        let late = try transaction.rows(
            """
            SELECT \(raw: SagaRecord.columns) FROM sagas
            WHERE status = 'running' AND deadline < \(now.advanced(byNanoseconds: -graceNanoseconds))
            ORDER BY deadline, kind, id LIMIT \(limit - parked.count)
            """)
        return try (parked + late).map { try SagaRecord($0) }
    }

    /// Sagas whose deadline passed longer ago than telling them takes.
    public struct Late: Hashable, Sendable {
        public var count = 0
        /// Kind and id of the one that is latest, and since when.
        public var first: String?
    }

    /// One look at the index of deadlines, however many sagas there are.
    /// - Parameter graceNanoseconds: how late a timeout may be.
    public func late(graceNanoseconds: Int64 = Nanoseconds.seconds(60), now: Timestamp) throws -> Late {
        let cutoff = now.advanced(byNanoseconds: -graceNanoseconds)
        let first = try transaction.row(
            """
            SELECT kind, id, deadline FROM sagas WHERE status = 'running' AND deadline < \(cutoff)
            ORDER BY deadline LIMIT 1
            """)
        guard let first else { return Late() }
        let count = try transaction.row(
            "SELECT COUNT(*) FROM sagas WHERE status = 'running' AND deadline < \(cutoff)")
        let late = now.nanoseconds(since: try first.get("deadline")) / Nanoseconds.perSecond
        return Late(
            count: try count?.get(0) ?? 0,
            first: "\(try first.get("kind", as: String.self)) \(try first.get("id", as: String.self)), for \(late) s")
    }

    /// How many sagas that are not over are at each step.
    public func counts() throws -> [SagaCount] {
        try transaction.rows(
            """
            SELECT kind, step, status, COUNT(*) AS sagas FROM sagas WHERE status <> 'finished'
            GROUP BY kind, step, status ORDER BY kind, step, status
            """
        ).map { row in
            SagaCount(
                kind: try row.get("kind"), step: try row.get("step"),
                status: try SagaStatus(row), count: try row.get("sagas"))
        }
    }

    /// Every kind of which there are sagas, from one to the next over the index.
    public func kinds() throws -> [String] {
        var kinds: [String] = []
        while let row = try transaction.row(
            "SELECT kind FROM sagas WHERE kind > \(kinds.last ?? "") ORDER BY kind LIMIT 1")
        {
            kinds.append(try row.get("kind"))
        }
        return kinds
    }

    /// Removes sagas that ended before `cutoff`, with their history. Their event ids are forgotten then.
    /// - Returns: how many; as many as `limit` when there may be more.
    public func sweep(kind: String, before cutoff: Timestamp, limit: Int = 1_000) throws -> Int {
        let ids: [String] = try transaction.rows(
            """
            SELECT id FROM sagas WHERE kind = \(kind) AND status = 'finished' AND updated_at < \(cutoff)
            ORDER BY updated_at, id LIMIT \(limit)
            """
        ).map { try $0.get("id") }
        for id in ids {
            try transaction.execute("DELETE FROM saga_history WHERE kind = \(kind) AND id = \(id)")
            try transaction.execute("DELETE FROM sagas WHERE kind = \(kind) AND id = \(id)")
        }
        return ids.count
    }
}
