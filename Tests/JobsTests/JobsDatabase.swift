import Jobs
import Persistence
import TestSupport

/// A database with the tables of jobs, and of nothing else.
func withJobsDatabase(
    _ engine: DatabaseEngine = .sqlite, _ body: (any SQLDatabase) async throws -> Void
) async throws { try await withTemporaryDatabase(engine, JobsMigrations.all, body) }
