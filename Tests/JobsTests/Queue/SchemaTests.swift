import Jobs
import Persistence
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
