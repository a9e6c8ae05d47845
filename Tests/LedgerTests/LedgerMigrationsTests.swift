import Ledger
import Persistence
import Testing

@Suite struct LedgerMigrationsTests {
    @Test func `the schema can be laid in an empty database`() async throws {
        try await Migrator(LedgerMigrations.all).migrate(MemoryDatabase())
    }
}
