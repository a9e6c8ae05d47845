import Persistence
import TestSupport
import Testing
import TradingCore

@testable import Jobs

/// Finished sagas, their history and receipts do not grow without end (H44).
@Suite struct RetentionJobsTests {
    private static let start = Timestamp(nanoseconds: 1_700_000_000 * Nanoseconds.perSecond)
    private static func run(at now: Timestamp) -> JobRun {
        JobRun(
            id: JobID(rawValue: 1), queue: RetentionJobs.queue, kind: SweepHistory.kind, customID: nil, serialKey: nil,
            attempt: 1, attempts: 1, rescues: 0, enqueuedAt: start, runAt: start, startedAt: now)
    }

    /// More than one batch of finished sagas and receipts, and of each one that is still needed.
    private func fill(_ database: any SQLDatabase, _ count: Int, at now: Timestamp) async throws {
        try await database.write { transaction in
            let runner = SagaRunner(Counting(), Notes())
            for number in 0..<count {
                let id = "\(now.nanoseconds)-\(number)"
                try runner.start(id, Counting.State(step: .open), cause: "test", in: transaction, now: now)
                if number > 0 {
                    try runner.send(.finish, eventID: "end", to: id, cause: "test", in: transaction, now: now)
                }
                try Receipts(transaction: transaction).once(
                    consumer: "c\(number % 3)", key: id, content: number, now: now
                ) {}
            }
        }
    }

    private func rows(_ database: any SQLDatabase) async throws -> [Int] {
        try await database.read { transaction in
            try ["sagas", "saga_history", "receipts"].map { table in
                try transaction.row("SELECT COUNT(*) FROM \(raw: table)")?.get(0) ?? -1
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `what is over goes when its time is over, batch after batch, and nothing else`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, allMigrations) { database in
            let time = ManualTime(Self.start)
            try await fill(database, SweepHistoryHandler.batch * 2 + 1, at: time.now())
            time.advance(byNanoseconds: Nanoseconds.seconds(100))
            try await fill(database, 2, at: time.now())
            let handler = SweepHistoryHandler(
                database: database, rules: RetentionRules(sagas: .seconds(100), receipts: .seconds(200)))
            func sweep() async throws {
                let outcome = try await handler.perform(
                    SweepHistory(), context: JobContext(run: Self.run(at: time.now())) { _ in })
                guard case .commit(let effect) = outcome else {
                    Issue.record("it did not end well")
                    return
                }
                try await database.write { try effect($0) }
            }
            try await sweep()
            #expect(try await rows(database) == [403, 804, 403], "nothing is old enough")
            time.advance(byNanoseconds: 1)
            try await sweep()
            // The one that never finished, and the two that came later.
            #expect(try await rows(database) == [3, 4, 403])
            time.advance(byNanoseconds: Nanoseconds.seconds(100))
            try await sweep()
            #expect(try await rows(database) == [2, 2, 2], "those that run stay, however old")
        }
    }

    @Test func `it is a schedule of its own, in the queue of housekeeping`() throws {
        let schedule = try #require(RetentionJobs.schedules.first)
        let job = try schedule.newJob(Self.start)
        #expect(job.kind == "jobs.sweep-history" && job.queue == "maintenance")
        #expect(schedule.cadence.description == "every 3600000 ms")
    }

    @Test func `finding what is old looks at nothing else`() async throws {
        let database = try MemoryDatabase()
        try await Migrator(allMigrations).migrate(database)
        let plan = try database.transact { transaction in
            try transaction.rows(
                """
                EXPLAIN QUERY PLAN SELECT id FROM sagas WHERE kind = 'k' AND status = 'finished' AND updated_at < 5
                ORDER BY updated_at, id LIMIT 9
                """
            ).map { try $0.get("detail", as: String.self) }
        }
        #expect(plan.count == 1 && plan[0].contains("sagas_finished"), "\(plan)")
    }
}
