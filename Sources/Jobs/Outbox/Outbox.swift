public import Persistence
public import TradingCore

/// Messages to the world outside, stored in the transaction that decides them.
///
/// Messages of one lane (topic and key) leave one after another, in the order in which their transactions were committed,
/// each at least once and always under the same id; lanes are independent. A message that fails is tried again with
/// growing waits; after ``OutboxRules/maximumFailures`` its lane is parked. A parked lane sends nothing, because order is
/// what it promises: an operator retries it (``retry(_:now:)``) or gives its head up (``discard(_:now:)``).
public struct Outbox {
    /// Where word comes that there is something to send.
    public static let channel = "outbox"

    public let transaction: any SQLTransaction
    public let rules: OutboxRules

    public init(transaction: any SQLTransaction, rules: OutboxRules = OutboxRules()) {
        self.transaction = transaction
        self.rules = rules
    }

    /// Puts a message into its lane, once: the same name with the same payload again changes nothing, for as long as the
    /// first is kept (``OutboxRules/retentionNanoseconds`` after it was sent).
    /// - Parameter name: what the message is, in the caller's words: `order 17 credited`. Never an attempt.
    /// - Returns: the id under which receivers see it.
    /// - Throws: ``OutboxError``, `SQLError`.
    @discardableResult
    public func put(topic: String, key: String, name: String, payload: [UInt8], now: Timestamp) throws -> String {
        let lane = OutboxLane(topic: topic, key: key)
        guard payload.count <= rules.maximumPayloadBytes else {
            throw OutboxError.tooLarge(
                lane: lane, name: name, bytes: payload.count, limit: rules.maximumPayloadBytes)
        }
        let id = OutboxMessage.id(lane, name)
        // The lane's row comes first: transactions that put into one lane meet there and wait for each other, so numbers,
        // which an engine with many writers draws before commit, are in the order of commits within a lane.
        try addPending(lane, now)
        let inserted = try transaction.execute(
            """
            INSERT INTO outbox_messages (message_id, topic, lane_key, name, payload, status, created_at)
            VALUES (\(id), \(topic), \(key), \(name), \(payload), 'pending', \(now))
            ON CONFLICT (message_id) DO NOTHING
            """)
        guard inserted == 1 else {
            try removePending(lane, 1)
            try verify(id, lane, name, payload)
            return id
        }
        try transaction.notify(Self.channel)
        return id
    }

    /// Puts a value as JSON with sorted keys.
    @discardableResult
    public func put(
        topic: String, key: String, name: String, value: some Encodable, now: Timestamp
    ) throws -> String {
        try put(topic: topic, key: key, name: name, payload: Array(JobCoding.encode(value).utf8), now: now)
    }

    private func verify(_ id: String, _ lane: OutboxLane, _ name: String, _ payload: [UInt8]) throws {
        let row = try transaction.row("SELECT payload FROM outbox_messages WHERE message_id = \(id)")
        let stored: [UInt8] = try row?.get("payload") ?? []
        guard stored == payload else {
            throw OutboxError.conflict(lane: lane, name: name, stored: stored, given: payload)
        }
    }

    private func addPending(_ lane: OutboxLane, _ now: Timestamp) throws {
        try transaction.execute(
            """
            INSERT INTO outbox_lanes (topic, lane_key, pending, ready_at, fence, is_sending, failures, is_parked)
            VALUES (\(lane.topic), \(lane.key), 1, \(now), 0, 0, 0, 0)
            ON CONFLICT (topic, lane_key) DO UPDATE SET pending = outbox_lanes.pending + 1
            """)
    }

    /// A lane without messages has no row. Its fence is remembered, together with those of all lanes that came to their end: the next sender of
    /// this one has a higher one, also when the clock has been set back, or is another node's.
    func removePending(_ lane: OutboxLane, _ count: Int) throws {
        if count == 0 { return }
        let removed = try transaction.row(
            """
            DELETE FROM outbox_lanes
            WHERE topic = \(lane.topic) AND lane_key = \(lane.key) AND pending = \(count) RETURNING fence
            """)
        if let removed { return try remember(fence: removed.get(0)) }
        try transaction.execute(
            """
            UPDATE outbox_lanes SET pending = pending - \(count)
            WHERE topic = \(lane.topic) AND lane_key = \(lane.key)
            """)
    }

    private func remember(fence: Int64) throws {
        // Of a lane that nobody has claimed there is nothing to be remembered.
        if fence == 0 { return }
        try transaction.executeLater("INSERT INTO outbox_fences (fence) VALUES (\(fence))")
    }

    /// Of all lanes that have come to their end.
    func highestFence() throws -> Int64 {
        try transaction.row("SELECT fence FROM outbox_fences ORDER BY fence DESC LIMIT 1")?.get(0) ?? 0
    }
}
