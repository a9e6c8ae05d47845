import Jobs
import Persistence
import TestSupport

/// The one place that makes databases for the tests of jobs.
enum JobsDatabase: String, CaseIterable, Sendable {
    case memory, sqlite

    func with(_ body: (any SQLDatabase) async throws -> Void) async throws {
        switch self {
        case .memory:
            let database = try MemoryDatabase()
            try await run(database, body)
        case .sqlite:
            let folder = try TemporaryFolder()
            try await run(SQLiteDatabase.open(path: folder.path + "/jobs.db"), body)
            _ = folder
        }
    }

    private func run(_ database: any SQLDatabase, _ body: (any SQLDatabase) async throws -> Void) async throws {
        try await Migrator(JobsMigrations.all).migrate(database)
        do { try await body(database) } catch {
            await database.close()
            throw error
        }
        await database.close()
    }
}
