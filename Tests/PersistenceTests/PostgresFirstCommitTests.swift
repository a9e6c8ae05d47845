import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing

/// A process's first transaction, whose mark no earlier one has left: the server is in the middle of committing it when the
/// connection breaks.
@Suite(
    .timeLimit(.minutes(10)),
    .enabled(if: TemporaryPostgresServer.isAvailable, "\(DatabaseEngine.postgresAbsence)"))
struct PostgresFirstCommitTests {
    private static let tables = Migration("load") { transaction in
        try transaction.execute("CREATE TABLE total (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT")
        try transaction.execute("INSERT INTO total (id, n) VALUES (1, 0)")
    }

    /// A commit that waits for a replica that does not exist is in the log already and in nobody's sight yet. There the server's
    /// process is stopped, until the lost transaction's fate is being asked for.
    @Test func `is not run twice when the answer to its COMMIT is lost while the server still commits`() async throws {
        let server = try await TemporaryPostgresServer.start()
        do {
            try await commitSlowly(server)
        } catch {
            await server.remove()
            throw error
        }
        await server.remove()
    }

    private func commitSlowly(_ server: TemporaryPostgresServer) async throws {
        let earlier = try await PostgresDatabase.open(url: server.url)
        try await Migrator([Self.tables]).migrate(earlier)
        await earlier.close()
        try await PostgresAdministration.run("ALTER SYSTEM SET synchronous_commit = 'local'", url: server.url)
        try await PostgresAdministration.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", url: server.url)
        try await server.stop("fast")
        try await server.launch()

        var components = try #require(URLComponents(string: server.url))
        let proxy = try CuttingProxy(server: try #require(components.port))
        components.port = proxy.port
        components.query = "sslmode=disable&gssencmode=disable"
        let database = try await PostgresDatabase.open(url: try #require(components.string))
        let runs = Mutex(0)
        async let written: Void = database.write { transaction in
            runs.withLock { $0 += 1 }
            if runs.withLock({ $0 }) == 1 { try transaction.execute("SET LOCAL synchronous_commit = 'on'") }
            try transaction.execute("UPDATE total SET n = n + 1 WHERE id = 1")
        }
        let committing = try await process("wait_event = 'SyncRep'", server)
        kill(committing, SIGSTOP)
        proxy.cutClients()
        // Whoever asks waits for the stopped one, right or wrong.
        _ = try await process("wait_event_type = 'Lock'", server)
        kill(committing, SIGCONT)
        try await written
        let total = try await database.read { try $0.row("SELECT n FROM total")?.get(0, as: Int.self) }
        #expect(total == 1)
        #expect(runs.withLock { $0 } == 1)
        await database.close()
        proxy.close()
    }

    /// Waits for the server's process that serves a writer and is in such a state.
    private func process(_ state: String, _ server: TemporaryPostgresServer) async throws -> pid_t {
        while true {
            let found = try await PostgresAdministration.run(
                "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'mrmarket writer%' AND \(state)",
                url: server.url)
            if case .integer(let id)? = found.first?.first { return pid_t(id) }
            try Task.checkCancellation()
        }
    }
}
