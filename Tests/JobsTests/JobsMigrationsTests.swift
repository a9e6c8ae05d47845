import Jobs
import Persistence
import Testing

@Suite struct JobsMigrationsTests {
    @Test func `the schema can be laid in an empty database`() async throws {
        try await Migrator(JobsMigrations.all).migrate(MemoryDatabase())
    }
}
