import Persistence
public import TradingCore

/// What one sender has of one lane: its head and what follows, to be sent in this order.
public struct OutboxBatch: Hashable, Sendable {
    public let lane: OutboxLane
    public let messages: [OutboxMessage]
    /// Grows with every claim of the lane, whatever clocks do; a receiver that remembers the highest one can turn a late sender away.
    public let fence: Int64
    /// Nothing of the batch may be begun to be sent from then on.
    public let leasedUntil: Timestamp
    /// Of the head, in a row, before this claim.
    public let failures: Int
}

/// How sending a batch ended.
public enum OutboxDelivery: Hashable, Sendable {
    /// The first `count` were taken; the others were not tried.
    case sent(Int)
    /// The first `sent` were taken, the next one failed, or nobody knows.
    case failed(sent: Int, reason: String)
    /// As ``failed(sent:reason:)``, and trying again is no use.
    case refused(sent: Int, reason: String)
}

/// The relay's synchronous steps: claim, then send outside of any transaction, then acknowledge.
extension Outbox {
    /// Takes lanes whose time has come, the longest waiting first, at most ``OutboxRules/lanesPerClaim``.
    public func claim(limit: Int? = nil, now: Timestamp) throws -> [OutboxBatch] {
        let until = now.advanced(byNanoseconds: rules.leaseNanoseconds)
        let latest = now.advanced(byNanoseconds: rules.longestWait)
        // By the clock, so that a restored database, which has forgotten the newest fences, gives higher ones too.
        let fence = max(now.nanoseconds, try highestFence() + 1)
        let lanes = try transaction.rows(
            """
            UPDATE outbox_lanes SET is_sending = 1, ready_at = \(until),
                fence = CASE WHEN fence >= \(fence) THEN fence + 1 ELSE \(fence) END
            WHERE (topic, lane_key) IN (
                SELECT topic, lane_key FROM outbox_lanes
                WHERE is_parked = 0 AND (ready_at <= \(now) OR ready_at > \(latest))
                ORDER BY ready_at, topic, lane_key LIMIT \(min(limit ?? .max, rules.lanesPerClaim))
                \(postgres: "FOR UPDATE SKIP LOCKED"))
            RETURNING topic, lane_key, fence, failures
            """)
        let batches = try lanes.map { row in
            let lane = OutboxLane(topic: try row.get("topic"), key: try row.get("lane_key"))
            return OutboxBatch(
                lane: lane, messages: try head(lane), fence: try row.get("fence"), leasedUntil: until,
                failures: try row.get("failures"))
        }
        return batches.sorted { $0.lane < $1.lane }
    }

    private func head(_ lane: OutboxLane) throws -> [OutboxMessage] {
        try transaction.rows(
            """
            SELECT \(raw: OutboxMessage.columns) FROM outbox_messages
            WHERE topic = \(lane.topic) AND lane_key = \(lane.key) AND status = 'pending'
            ORDER BY number LIMIT \(rules.messagesPerClaim)
            """
        ).map { try OutboxMessage($0) }
    }

    /// Books how sending ended and gives the lane back.
    /// - Returns: false, with nothing changed, when the lane has been claimed by another since: what was sent will be sent
    ///   again.
    @discardableResult
    public func acknowledge(_ batch: OutboxBatch, _ delivery: OutboxDelivery, now: Timestamp) throws -> Bool {
        let lane = batch.lane
        switch delivery {
        case .sent(let count):
            // Where nothing was sent, as at a shutdown, nothing has been proved either.
            let failures = count == 0 && !batch.messages.isEmpty ? batch.failures : 0
            guard try giveBack(batch, failures: failures, failure: nil, isParked: false, readyAt: now) else {
                return false
            }
            try settle(lane, batch.messages.prefix(count), now)
        case .failed(let sent, let reason):
            let failures = sent == 0 ? batch.failures + 1 : 1
            let isParked = failures >= rules.maximumFailures
            let delay = rules.delay(failures: failures, seed: UInt64(bitPattern: batch.fence))
            guard
                try giveBack(
                    batch, failures: failures, failure: reason, isParked: isParked,
                    readyAt: now.advanced(byNanoseconds: delay))
            else { return false }
            try settle(lane, batch.messages.prefix(sent), now)
        case .refused(let sent, let reason):
            let failures = sent == 0 ? batch.failures + 1 : 1
            guard try giveBack(batch, failures: failures, failure: reason, isParked: true, readyAt: now)
            else { return false }
            try settle(lane, batch.messages.prefix(sent), now)
        }
        return true
    }

    private func giveBack(
        _ batch: OutboxBatch, failures: Int, failure: String?, isParked: Bool, readyAt: Timestamp
    ) throws -> Bool {
        try transaction.execute(
            """
            UPDATE outbox_lanes SET is_sending = 0, failures = \(failures), failure = \(failure.sqlValue),
                is_parked = \(isParked), ready_at = \(readyAt)
            WHERE topic = \(batch.lane.topic) AND lane_key = \(batch.lane.key) AND fence = \(batch.fence)
                AND is_sending = 1
            """) == 1
    }

    private func settle(_ lane: OutboxLane, _ sent: ArraySlice<OutboxMessage>, _ now: Timestamp) throws {
        guard let last = sent.last else { return }
        let count = try transaction.execute(
            """
            UPDATE outbox_messages SET status = 'sent', settled_at = \(now)
            WHERE topic = \(lane.topic) AND lane_key = \(lane.key) AND status = 'pending' AND number <= \(last.number)
            """)
        try removePending(lane, count)
    }

    /// When the next lane may be claimed; nil when none waits but parked ones.
    public func nextReady(now: Timestamp) throws -> Timestamp? {
        let latest = now.advanced(byNanoseconds: rules.longestWait)
        let ahead = try transaction.row(
            "SELECT 1 FROM outbox_lanes WHERE is_parked = 0 AND ready_at > \(latest) LIMIT 1")
        if ahead != nil { return now }
        let row = try transaction.row("SELECT MIN(ready_at) AS ready_at FROM outbox_lanes WHERE is_parked = 0")
        return try row?.get("ready_at") ?? nil
    }
}
