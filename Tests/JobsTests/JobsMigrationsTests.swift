import Jobs
import Persistence
import TestSupport
import Testing
import TradingCore

@Suite struct JobsMigrationsTests {
    @Test func `the schema can be laid in an empty database`() async throws {
        try await Migrator(JobsMigrations.all).migrate(MemoryDatabase())
    }

    @Test(arguments: DatabaseEngine.available)
    func `a dead letter of an earlier schema is kept, and can be retried`(_ engine: DatabaseEngine) async throws {
        let now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))
        try await withEveryEarlierSchema(engine, allMigrations) { database, taken in
            if taken == 0 { return }
            _ = try await database.write { transaction in
                try transaction.execute(
                    """
                    INSERT INTO jobs (queue, kind, arguments, priority, state, attempts, backoff, maximum_rescues,
                        is_discarded_when_exhausted, dead_letter_holds_key, is_removed_when_finished, enqueued_at,
                        run_at, reason)
                    VALUES ('notes', 'test.note', '{}', 0, 'dead', 1, 'none', 0, 0, 1, 0, 1, 1, 'broken')
                    """)
            }
        } check: { database, taken in
            if taken == 0 { return }
            try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                let letter = try #require(try store.newestDead(Note.queue, limit: 9).first)
                #expect(letter.reason == "broken" && letter.diedAt == nil)
                #expect(try store.retry(letter.id, now: now))
                #expect(try store.depths([Note.queue], now: now).map(\.ready) == [1])
            }
        }
    }
}
