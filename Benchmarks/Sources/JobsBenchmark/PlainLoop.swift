import CSQLite
import Scheduling
import TradingCore

/// What one would write by hand: one connection, prepared statements, WAL, `synchronous=FULL`; a job is inserted, claimed and
/// completed in a durable transaction each, strictly one after another.
struct PlainLoop {
    struct Failure: Error { var message: String }

    private var connection: OpaquePointer?
    private var statements: [OpaquePointer?] = []

    init(path: String) throws {
        guard sqlite3_open(path, &connection) == SQLITE_OK else { throw Failure(message: path) }
        try execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        try execute(
            """
            CREATE TABLE jobs (id INTEGER PRIMARY KEY, queue TEXT, kind TEXT, payload TEXT, state TEXT, run_at INTEGER);
            CREATE INDEX jobs_ready ON jobs (queue, id) WHERE state = 'ready';
            """)
        statements = try [
            "INSERT INTO jobs (queue, kind, payload, state, run_at) VALUES ('q', 'no-op', '{\"number\":1}', 'ready', 0)",
            """
            UPDATE jobs SET state = 'running' WHERE id = (SELECT id FROM jobs WHERE queue = 'q' AND state = 'ready'
                ORDER BY id LIMIT 1) RETURNING id
            """,
            "UPDATE jobs SET state = 'completed' WHERE id = ? AND state = 'running'",
        ].map { sql in
            var statement: OpaquePointer?
            guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK else {
                throw Failure(message: String(cString: sqlite3_errmsg(connection)))
            }
            return statement
        }
    }

    func close() {
        for statement in statements { sqlite3_finalize(statement) }
        sqlite3_close(connection)
    }

    /// - Returns: seconds.
    func run(_ count: Int, _ time: SystemTime) throws -> Double {
        let start = time.now()
        for _ in 0..<count {
            try step(statements[0])
            guard sqlite3_step(statements[1]) == SQLITE_ROW else { throw Failure(message: "nothing to claim") }
            let id = sqlite3_column_int64(statements[1], 0)
            try step(statements[1])
            sqlite3_bind_int64(statements[2], 1, id)
            try step(statements[2])
        }
        return Double(time.now().nanoseconds(since: start)) / 1e9
    }

    private func step(_ statement: OpaquePointer?) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else {
            throw Failure(message: String(cString: sqlite3_errmsg(connection)))
        }
        sqlite3_reset(statement)
    }

    private func execute(_ sql: String) throws {
        guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else {
            throw Failure(message: String(cString: sqlite3_errmsg(connection)))
        }
    }
}
