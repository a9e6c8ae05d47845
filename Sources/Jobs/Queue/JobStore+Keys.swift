import Persistence
import TradingCore

extension JobStore {
    /// Lets the next job of a serial key go on, once its head has left. One look at an index: successors do not wait among the
    /// jobs that may be claimed, so claiming never steps over them.
    func promoteSuccessor(_ key: String, now: Timestamp) throws {
        let row = try transaction.row(
            """
            UPDATE jobs SET state = CASE WHEN run_at <= \(now) THEN 'ready' ELSE 'delayed' END
            WHERE id = (SELECT id FROM jobs WHERE lane = \(key) ORDER BY id LIMIT 1) AND state = 'waiting'
            RETURNING queue
            """)
        if let queue = try row?.get(0, as: QueueName.self) { try transaction.notify(queue.channel) }
    }
}
