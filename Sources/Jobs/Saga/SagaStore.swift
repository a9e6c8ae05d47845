public import Persistence
import TradingCore

/// `sagas` and `saga_history`, in an open transaction. Knows rows, not processes: those move by ``SagaRunner``.
public struct SagaStore {
    public let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// What a saga's row becomes.
    struct Change {
        var schema: Int
        var step: String
        var state: String
        var status: SagaStatus
        var parkedReason: String?
        var deadline: Timestamp?
        var deadlineVersion: Int64?

        /// The row as it is.
        init(_ record: SagaRecord) {
            schema = record.schema
            step = record.step
            state = record.state
            status = record.status
            parkedReason = record.parkedReason
            deadline = record.deadline
            deadlineVersion = record.deadlineVersion
        }

        init(schema: Int, step: String, state: String) {
            self.schema = schema
            self.step = step
            self.state = state
            status = .running
        }
    }

    /// A row of history to be written.
    struct Entry {
        var kind: SagaHistoryEntry.Kind
        var eventID: String?
        var event: String?
        var reason: String?
        var cause: String
        var commands: [String] = []
        var isHeld = false
    }

    /// - Throws: ``SagaError/unknown(kind:id:)``.
    public func record(kind: String, id: String) throws -> SagaRecord {
        guard let record = try find(kind: kind, id: id) else { throw SagaError.unknown(kind: kind, id: id) }
        return record
    }

    public func find(kind: String, id: String) throws -> SagaRecord? {
        try transaction.row(
            "SELECT \(raw: SagaRecord.columns) FROM sagas WHERE kind = \(kind) AND id = \(id)"
        ).map { try SagaRecord($0) }
    }

    func insert(kind: String, id: String, _ new: Change, _ entry: Entry, _ now: Timestamp) throws {
        try transaction.execute(
            """
            INSERT INTO sagas (kind, id, schema_version, step, state, version, status, parked_reason, deadline,
                deadline_version, started_at, updated_at)
            VALUES (\(kind), \(id), \(new.schema), \(new.step), \(new.state), 1, \(new.status.rawValue), NULL,
                \(new.deadline.sqlValue), \(new.deadlineVersion.sqlValue), \(now), \(now))
            """)
        try append(entry, kind, id, version: 1, from: new.step, to: new.step, now)
    }

    /// Writes a row of history and what it changed, if nobody wrote one since `record` was read.
    func advance(_ record: SagaRecord, to change: Change, _ entry: Entry, _ now: Timestamp) throws -> SagaRecord {
        let row = try transaction.row(
            """
            UPDATE sagas SET schema_version = \(change.schema), step = \(change.step), state = \(change.state),
                version = version + 1, status = \(change.status.rawValue), parked_reason = \(change.parkedReason.sqlValue),
                deadline = \(change.deadline.sqlValue), deadline_version = \(change.deadlineVersion.sqlValue), updated_at = \(now)
            WHERE kind = \(record.kind) AND id = \(record.id) AND version = \(record.version)
            RETURNING \(raw: SagaRecord.columns)
            """)
        guard let row else { throw SagaError.moved(kind: record.kind, id: record.id, expected: record.version) }
        try append(
            entry, record.kind, record.id, version: record.version + 1, from: record.step, to: change.step, now)
        return try SagaRecord(row)
    }

    private func append(
        _ entry: Entry, _ kind: String, _ id: String, version: Int64, from: String, to: String, _ now: Timestamp
    ) throws {
        try transaction.execute(
            """
            INSERT INTO saga_history (kind, id, version, entry, event_id, event, from_step, to_step, reason, cause,
                commands, is_held, at)
            VALUES (\(kind), \(id), \(version), \(entry.kind.rawValue), \(entry.eventID.sqlValue), \(entry.event.sqlValue), \(from),
                \(to), \(entry.reason.sqlValue), \(entry.cause), \(try JobCoding.encode(entry.commands)), \(entry.isHeld),
                \(now))
            """)
    }

    /// The row that an event left when it was told the first time.
    func entry(kind: String, id: String, eventID: String) throws -> SagaHistoryEntry? {
        try transaction.row(
            """
            SELECT \(raw: SagaHistoryEntry.columns) FROM saga_history
            WHERE kind = \(kind) AND id = \(id) AND event_id = \(eventID)
            """
        ).map { try SagaHistoryEntry($0) }
    }

    /// Events that wait for an operator, in the order in which they came.
    func held(kind: String, id: String) throws -> [SagaHistoryEntry] {
        try transaction.rows(
            """
            SELECT \(raw: SagaHistoryEntry.columns) FROM saga_history
            WHERE kind = \(kind) AND id = \(id) AND is_held = 1 ORDER BY version
            """
        ).map { try SagaHistoryEntry($0) }
    }

    func release(_ record: SagaRecord, version: Int64) throws {
        try transaction.execute(
            """
            UPDATE saga_history SET is_held = 0
            WHERE kind = \(record.kind) AND id = \(record.id) AND version = \(version)
            """)
    }

    /// An event that waits is the one the saga is parked for now.
    func markParked(_ record: SagaRecord, version: Int64) throws {
        try transaction.execute(
            """
            UPDATE saga_history SET entry = \(SagaHistoryEntry.Kind.parked.rawValue)
            WHERE kind = \(record.kind) AND id = \(record.id) AND version = \(version)
            """)
    }
}
