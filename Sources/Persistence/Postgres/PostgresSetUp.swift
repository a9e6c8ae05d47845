import Dispatch

/// What happens once when a database is opened: whose is it, is it safe, and our two tables for ourselves.
enum PostgresSetUp {
    static func run(_ options: PostgresOptions) async throws {
        let thread = DispatchQueue(label: "mrmarket.postgres.set-up")
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            thread.async { continuation.resume(with: Result { try prepare(options) }) }
        }
    }

    private static func prepare(_ options: PostgresOptions) throws {
        let session = PostgresSession(options, name: "mrmarket set-up")
        let deadline = ContinuousClock.now + options.patience
        while true {
            let connection = try session.connected()
            do {
                try prepare(connection, DatabaseLocation.withoutSecrets(options.url))
                return
            } catch let failure as PostgresFailure {
                guard failure.isWorthRetrying, ContinuousClock.now < deadline else { throw failure.error }
            }
        }
    }

    private static func prepare(_ connection: PostgresConnection, _ place: String) throws {
        try connection.run("BEGIN")
        do {
            // Two nodes may find the same empty database.
            _ = try connection.query("SELECT pg_advisory_xact_lock($1)", [.integer(PostgresMigrationLock.key + 1)])
            try check(connection, place)
            try connection.run(
                """
                CREATE TABLE IF NOT EXISTS \(Migrator.table) (name TEXT COLLATE "C" PRIMARY KEY);
                \(PostgresWriter.tableDefinition);
                DELETE FROM \(PostgresWriter.table) WHERE marked_at < now() - INTERVAL '30 days'
                """)
            try connection.run("COMMIT")
        } catch {
            _ = try? connection.run("ROLLBACK")
            throw error
        }
    }

    private static func check(_ connection: PostgresConnection, _ place: String) throws {
        let fsync = try connection.query("SELECT current_setting('fsync') AS fsync", []).rows.first
        guard try fsync?.get("fsync") == "on" else {
            throw SQLError.other("\(place) would not be durable: the server runs with fsync off")
        }
        // What an extension brought does not count.
        let tables = try connection.query(
            """
            SELECT c.relname::TEXT AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = current_schema()
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
            """, []
        ).rows.map { try $0.get("name", as: String.self) }
        guard tables.isEmpty || tables.contains(Migrator.table) else {
            throw SQLError.notOurDatabase(path: place, found: owner(tables))
        }
    }

    private static func owner(_ tables: [String]) -> String {
        let original = ["strategy_instances", "growdata_exchanges", "mixin_user", "typeorm_metadata"]
        if tables.contains(where: original.contains) { return "the database of the original Mr.Market server" }
        return "another program's, with \(tables.count) tables such as \(tables[0])"
    }
}
