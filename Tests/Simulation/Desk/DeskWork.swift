import Jobs
import Persistence
import TradingCore

/// What is still to be done, by the database.
enum DeskWork {
    static func unfinished(_ transaction: any SQLTransaction) throws -> String? {
        let job = try transaction.row(
            """
            SELECT id, kind, state FROM jobs WHERE finished_at IS NULL AND (state <> 'dead' OR kind <> \(Orphan.kind))
            ORDER BY id LIMIT 1
            """)
        if let job {
            let (id, kind, state): (Int64, String, String) = (try job.get(0), try job.get(1), try job.get(2))
            return "job \(id) \(kind) is \(state)"
        }
        if let lane = try transaction.row("SELECT topic, lane_key FROM outbox_lanes LIMIT 1") {
            return "lane \(try lane.get(0, as: String.self))/\(try lane.get(1, as: String.self)) has messages to send"
        }
        if let saga = try transaction.row("SELECT id, step, status FROM sagas WHERE status <> 'finished' LIMIT 1") {
            return "payout \(try saga.get(0, as: String.self)) is \(try saga.get(1, as: String.self))"
        }
        return nil
    }
}
