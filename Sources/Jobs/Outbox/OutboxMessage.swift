import Persistence
public import TradingCore

/// Which messages leave one after another: those of one key of one topic. Lanes know nothing of each other.
public struct OutboxLane: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let topic: String
    public let key: String

    public init(topic: String, key: String) {
        self.topic = topic
        self.key = key
    }

    public var description: String { "\(topic)/\(key)" }

    public static func < (left: OutboxLane, right: OutboxLane) -> Bool {
        (left.topic, left.key) < (right.topic, right.key)
    }
}

/// A message on its way out.
public struct OutboxMessage: Hashable, Sendable {
    public enum Status: String, Sendable, CaseIterable {
        case pending
        /// Its sink took it.
        case sent
        /// An operator gave it up.
        case discarded
    }

    /// Where it stands in its lane: a later one of the same lane has a higher number.
    public let number: Int64
    /// A UUID made of topic, key and the caller's name for the message: the same however often it is sent, by which a
    /// receiver tells a repetition.
    public let id: String
    public let lane: OutboxLane
    /// The caller's own name for it, once per lane.
    public let name: String
    public let payload: [UInt8]
    public let status: Status
    public let createdAt: Timestamp
    /// When it was sent or given up.
    public let settledAt: Timestamp?

    static let columns = "number, message_id, topic, lane_key, name, payload, status, created_at, settled_at"

    init(_ row: SQLRow) throws(SQLError) {
        number = try row.get("number")
        id = try row.get("message_id")
        lane = OutboxLane(topic: try row.get("topic"), key: try row.get("lane_key"))
        name = try row.get("name")
        payload = try row.get("payload")
        let text: String = try row.get("status")
        guard let status = Status(rawValue: text) else { throw .decoding(column: "status", value: text) }
        self.status = status
        createdAt = try row.get("created_at")
        settledAt = try row.get("settled_at")
    }

    static func id(_ lane: OutboxLane, _ name: String) -> String {
        StableID.uuid("outbox", lane.topic, lane.key, name)
    }
}
