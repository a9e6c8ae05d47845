import Persistence
public import TradingCore

public enum SagaStatus: String, CaseIterable, Sendable {
    case running
    /// Waits for an operator; events that come meanwhile wait with it.
    case parked
    case finished
}

/// Where one saga stands.
public struct SagaRecord: Hashable, Sendable {
    public let kind: String
    public let id: String
    /// Of the process that stored the state.
    public let schema: Int
    public let step: String
    /// JSON.
    public let state: String
    /// How many rows its history has; every one is a compare-and-set on this number.
    public let version: Int64
    public let status: SagaStatus
    public let parkedReason: String?
    public let deadline: Timestamp?
    /// The version that set the deadline: its timeout job carries this number, and does nothing once it is another.
    public let deadlineVersion: Int64?
    public let startedAt: Timestamp
    public let updatedAt: Timestamp

    static let columns = """
        kind, id, schema_version, step, state, version, status, parked_reason, deadline, deadline_version, started_at, \
        updated_at
        """

    init(_ row: SQLRow) throws(SQLError) {
        kind = try row.get("kind")
        id = try row.get("id")
        schema = try row.get("schema_version")
        step = try row.get("step")
        state = try row.get("state")
        version = try row.get("version")
        let text: String = try row.get("status")
        guard let status = SagaStatus(rawValue: text) else { throw .decoding(column: "status", value: text) }
        self.status = status
        parkedReason = try row.get("parked_reason")
        deadline = try row.get("deadline")
        deadlineVersion = try row.get("deadline_version")
        startedAt = try row.get("started_at")
        updatedAt = try row.get("updated_at")
    }
}

/// One thing that happened to a saga.
public struct SagaHistoryEntry: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case started
        case moved
        /// An event that changed nothing.
        case ignored
        /// An event that nobody could handle.
        case parked
        /// An event that came while it was parked.
        case held
        /// By an operator: what was held is handled again.
        case retried
        /// By an operator: put into another state by hand.
        case resolved
    }

    /// The saga's version with it.
    public let version: Int64
    public let kind: Kind
    public let eventID: String?
    /// JSON.
    public let event: String?
    public let fromStep: String
    public let toStep: String
    public let reason: String?
    /// Who told it: a job, a snapshot, an operator.
    public let cause: String
    /// What was to be done, in words.
    public let commands: [String]
    /// The event still waits to be handled.
    public let isHeld: Bool
    public let at: Timestamp

    static let columns = "version, entry, event_id, event, from_step, to_step, reason, cause, commands, is_held, at"

    init(_ row: SQLRow) throws {
        version = try row.get("version")
        let text: String = try row.get("entry")
        guard let kind = Kind(rawValue: text) else { throw SQLError.decoding(column: "entry", value: text) }
        self.kind = kind
        eventID = try row.get("event_id")
        event = try row.get("event")
        fromStep = try row.get("from_step")
        toStep = try row.get("to_step")
        reason = try row.get("reason")
        cause = try row.get("cause")
        commands = try JobCoding.decode([String].self, from: try row.get("commands"))
        isHeld = try row.get("is_held")
        at = try row.get("at")
    }
}
