import Jobs
import Persistence
import TestSupport
import Testing
import TradingCore

@Suite struct SchemaTests {
    @Test(
        arguments: [
            "UPDATE jobs SET state = 'lost'", "UPDATE jobs SET state = 'running'", "UPDATE jobs SET worker_id = 1",
            "UPDATE jobs SET state = 'completed'", "UPDATE jobs SET finished_at = 1",
            "UPDATE jobs SET state = 'waiting'",
            "UPDATE jobs SET lane = 'k'", "UPDATE jobs SET attempts = 0", "UPDATE jobs SET claims = -1",
            "UPDATE jobs SET serial_key = 'k', lane = 'k'",
        ] as [SQL])
    func `an impossible state cannot be stored`(_ statement: SQL) async throws {
        let desk = try await JobDesk()
        // Two, so that both would be the head of a key.
        try desk.enqueue(1)
        try desk.enqueue(2)
        let error = #expect(throws: SQLError.self) { try desk.database.transact { try $0.execute(statement) } }
        guard case .constraint = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// Word for word the same rules, though PostgreSQL has them in one function.
    @Test(arguments: DatabaseEngine.available)
    func `an impossible state cannot be stored in any engine`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            try await database.write { transaction in
                for number in 1...2 {
                    try JobStore(transaction: transaction).post(
                        NewJob(Note(number: number)), now: Timestamp(nanoseconds: 1))
                }
            }
            let possible = [
                "priority = -3", "timeout = 1", "timeout = NULL", "state = 'dead', reason = 'x'", "claims = 9",
            ]
            for change in possible { _ = try await database.write { try $0.execute("UPDATE jobs SET \(raw: change)") } }
            let impossible = [
                "state = 'lost'", "state = 'running'", "worker_id = 1", "state = 'completed'", "finished_at = 1",
                "state = 'waiting'", "lane = 'k'", "serial_key = 'k', lane = 'k'", "lane = 'k', serial_key = 'other'",
                "attempts = 0", "timeout = 0", "timeout = -1", "maximum_rescues = -1", "claims = -1", "failures = -1",
                "rescues = -1", "is_discarded_when_exhausted = 2", "dead_letter_holds_key = 2",
                "is_removed_when_finished = 2", "is_cancel_requested = 2",
            ]
            for change in impossible {
                let error = await #expect(throws: SQLError.self, "\(change)") {
                    _ = try await database.write { try $0.execute("UPDATE jobs SET \(raw: change)") }
                }
                if case .constraint = error { continue }
                Issue.record("\(change): \(String(describing: error))")
            }
        }
    }

    /// What is done for every job must look only at jobs that are alive.
    @Test(arguments: [
        "SELECT id FROM jobs WHERE queue = 'q' AND state = 'ready' ORDER BY priority, id LIMIT 9",
        "SELECT run_at FROM jobs WHERE queue = 'q' AND state = 'delayed' ORDER BY run_at, id LIMIT 1",
        "SELECT 1 FROM jobs WHERE lane = 'k'", "SELECT id FROM jobs WHERE lane = 'k' ORDER BY id LIMIT 1",
        "SELECT id FROM jobs WHERE worker_id = 7 AND state = 'running' ORDER BY id LIMIT 9",
        "SELECT id FROM jobs WHERE queue = 'q' AND custom_id = 'c' AND custom_id IS NOT NULL",
        "SELECT COUNT(*) FROM jobs WHERE queue = 'q' AND state = 'waiting'",
        "SELECT COUNT(*) FROM jobs WHERE queue = 'q' AND state = 'dead'",
        """
        SELECT id FROM jobs WHERE queue = 'q' AND state = 'completed' AND finished_at IS NOT NULL AND finished_at <= 5
        ORDER BY finished_at, id LIMIT 9
        """,
    ])
    func `a hot query takes an index and sorts nothing`(_ query: String) async throws {
        let desk = try await JobDesk()
        let plan = try desk.database.transact { transaction in
            try transaction.rows("EXPLAIN QUERY PLAN \(raw: query)").map { try $0.get("detail", as: String.self) }
        }
        #expect(plan.allSatisfy { $0.hasPrefix("SEARCH jobs USING") }, "\(plan)")
    }
}
