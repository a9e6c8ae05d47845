import Persistence
public import TradingCore

/// How a lane fares.
public struct OutboxLaneReport: Hashable, Sendable {
    public let lane: OutboxLane
    public let pending: Int
    /// Of the message at its head, in a row.
    public let failures: Int
    public let lastFailure: String?
    /// It sends nothing until an operator decides.
    public let isParked: Bool
    /// When it is tried next, unless parked.
    public let readyAt: Timestamp
}

public struct OutboxMetrics: Hashable, Sendable {
    public var pendingMessages = 0
    /// When the oldest message that waits was put.
    public var oldestPending: Timestamp?
    public var failingLanes = 0
    public var parkedLanes = 0

    public init() {}
}

/// What operators see and do.
extension Outbox {
    public func metrics() throws -> OutboxMetrics {
        var metrics = OutboxMetrics()
        let pending = try transaction.row(
            "SELECT COUNT(*) AS pending, MIN(created_at) AS oldest FROM outbox_messages WHERE status = 'pending'")
        metrics.pendingMessages = try pending?.get("pending") ?? 0
        metrics.oldestPending = try pending?.get("oldest") ?? nil
        let lanes = try transaction.rows(
            "SELECT is_parked, COUNT(*) AS lanes FROM outbox_lanes WHERE failures > 0 GROUP BY is_parked")
        for row in lanes {
            if try row.get("is_parked") {
                metrics.parkedLanes = try row.get("lanes")
            } else {
                metrics.failingLanes = try row.get("lanes")
            }
        }
        return metrics
    }

    /// Lanes whose head has failed, parked ones included, by topic and key.
    public func failingLanes(after previous: OutboxLane? = nil, limit: Int = 100) throws -> [OutboxLaneReport] {
        let after = previous ?? OutboxLane(topic: "", key: "")
        return try transaction.rows(
            """
            SELECT topic, lane_key, pending, failures, failure, is_parked, ready_at FROM outbox_lanes
            WHERE failures > 0 AND (topic > \(after.topic) OR topic = \(after.topic) AND lane_key > \(after.key))
            ORDER BY topic, lane_key LIMIT \(limit)
            """
        ).map { row in
            OutboxLaneReport(
                lane: OutboxLane(topic: try row.get("topic"), key: try row.get("lane_key")),
                pending: try row.get("pending"), failures: try row.get("failures"),
                lastFailure: try row.get("failure"), isParked: try row.get("is_parked"),
                readyAt: try row.get("ready_at"))
        }
    }

    /// Messages of a lane, oldest first.
    /// - Parameter previous: the number of the last one of the page before.
    public func messages(
        _ lane: OutboxLane, _ status: OutboxMessage.Status, after previous: Int64 = 0, limit: Int = 100
    ) throws -> [OutboxMessage] {
        try transaction.rows(
            """
            SELECT \(raw: OutboxMessage.columns) FROM outbox_messages
            WHERE topic = \(lane.topic) AND lane_key = \(lane.key) AND status = \(status.rawValue)
                AND number > \(previous)
            ORDER BY number LIMIT \(limit)
            """
        ).map { try OutboxMessage($0) }
    }

    public func message(_ id: String) throws -> OutboxMessage? {
        try transaction.row(
            "SELECT \(raw: OutboxMessage.columns) FROM outbox_messages WHERE message_id = \(id)"
        ).map { try OutboxMessage($0) }
    }

    /// Lets a lane that failed or is parked try again at once, with all its tries before it.
    /// - Returns: false, with nothing changed, when it is being sent or has nothing to send.
    @discardableResult
    public func retry(_ lane: OutboxLane, now: Timestamp) throws -> Bool {
        let changed = try transaction.execute(
            """
            UPDATE outbox_lanes SET is_parked = 0, is_sending = 0, failures = 0, failure = NULL, ready_at = \(now)
            WHERE topic = \(lane.topic) AND lane_key = \(lane.key) AND (is_sending = 0 OR ready_at <= \(now))
            """)
        if changed == 1 { try transaction.notify(Self.channel) }
        return changed == 1
    }

    /// Gives a message up for good. When it stood at the head of its lane, the next one is tried.
    /// - Returns: false, with nothing changed, when no such message waits.
    @discardableResult
    public func discard(_ id: String, now: Timestamp) throws -> Bool {
        guard let message = try message(id), message.status == .pending else { return false }
        let first = try messages(message.lane, .pending, limit: 1).first
        let discarded = try transaction.execute(
            """
            UPDATE outbox_messages SET status = 'discarded', settled_at = \(now)
            WHERE message_id = \(id) AND status = 'pending'
            """)
        guard discarded == 1 else { return false }
        try removePending(message.lane, 1)
        if first?.id == id { try retry(message.lane, now: now) }
        return true
    }

    /// Removes messages that were sent or given up before ``OutboxRules/retentionNanoseconds``.
    /// - Returns: how many; as many as `limit` when there may be more.
    public func sweep(limit: Int = 1_000, now: Timestamp) throws -> Int {
        let cutoff = now.advanced(byNanoseconds: -rules.retentionNanoseconds)
        try sweepFences(limit)
        return try transaction.execute(
            """
            DELETE FROM outbox_messages WHERE number IN (
                SELECT number FROM outbox_messages WHERE settled_at IS NOT NULL AND settled_at < \(cutoff)
                ORDER BY settled_at LIMIT \(limit) \(postgres: "FOR UPDATE SKIP LOCKED"))
            """)
    }

    /// All but the highest.
    private func sweepFences(_ limit: Int) throws {
        try transaction.execute(
            """
            DELETE FROM outbox_fences WHERE number IN (
                SELECT number FROM outbox_fences WHERE fence < \(try highestFence())
                ORDER BY fence LIMIT \(limit) \(postgres: "FOR UPDATE SKIP LOCKED"))
            """)
    }
}
