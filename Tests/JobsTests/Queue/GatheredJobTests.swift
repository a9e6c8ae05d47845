import Persistence
import TestSupport
import Testing
import TradingCore

@testable import Jobs

/// Jobs posted and completed many at a time, which an engine behind a wire does in one statement each.
@Suite struct GatheredJobTests {
    private let now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))

    @Test(arguments: DatabaseEngine.available)
    func `posted together they are stored with all they were given, in their order`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, JobsMigrations.all) { database in
            let now = now
            let worker = try await register(database)
            let options = [
                JobOptions(), JobOptions(attempts: 7, priority: 2), JobOptions(id: "own"), JobOptions(serialKey: "k"),
                JobOptions(timeout: .seconds(9), maximumRescues: 4), JobOptions(start: .after(.seconds(5))),
                JobOptions(exhaustion: .discard, isRemovedWhenFinished: true),
            ]
            let jobs = try (0..<140).map { try NewJob(Note(number: $0), options[$0 % options.count]) }
            try await database.write { transaction in
                for job in jobs { try JobStore(transaction: transaction).post(job, now: now) }
            }
            let claimed = try await database.write {
                try JobStore(transaction: $0).claim(Note.queue, limit: 500, worker: worker, now: now).jobs
            }
            // One with the custom id, one of the key; those of later not yet. Low priorities first, then as they were posted.
            let expected = (0..<140).filter {
                switch $0 % 7 {
                case 2: $0 == 2
                case 3: $0 == 3
                case 5: false
                default: true
                }
            }.sorted { ($0 % 7 == 1 ? 1 : 0, $0) < ($1 % 7 == 1 ? 1 : 0, $1) }
            #expect(claimed.map(\.number) == expected)
            for job in claimed {
                let given = options[job.number % 7]
                #expect(job.run.attempts == given.attempts && job.timeout == given.timeout?.nanoseconds)
                #expect(job.isRemovedWhenFinished == given.isRemovedWhenFinished && job.priority == given.priority)
                let record = try await database.read { try JobStore(transaction: $0).job(job.id) }
                #expect(record?.enqueuedAt == now)
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `completed together, each is told whether the lease was still its own`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, JobsMigrations.all) { database in
            let now = now
            let worker = try await register(database)
            let claimed = try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                for number in 0..<30 { try store.post(NewJob(Note(number: number)), now: now) }
                return try store.claim(Note.queue, limit: 30, worker: worker, now: now).jobs
            }
            #expect(claimed.count == 30)
            // Every third was given back and claimed again meanwhile.
            let lost = claimed.filter { $0.number % 3 == 0 }
            try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                for job in lost { _ = try store.release(job, now: now) }
                _ = try store.claim(Note.queue, limit: 30, worker: worker, now: now)
            }
            let changes = try await database.write { transaction in
                try claimed.map { try JobStore(transaction: transaction).completeLater($0, now: now) }
            }
            #expect(changes.map { $0?.count } == claimed.map { $0.number % 3 == 0 ? 0 : 1 })
            for job in claimed {
                let record = try await database.read { try JobStore(transaction: $0).job(job.id) }
                #expect(record?.state == (job.number % 3 == 0 ? .running : .completed))
            }
        }
    }

    /// PostgreSQL takes the index of running jobs for small and walks it, with every job that ran lately, once for each.
    @Test(arguments: DatabaseEngine.available.filter { $0 != .sqlite }, [0, 3])
    func `a job that ends is found by its number, not by walking those that run`(
        _ engine: DatabaseEngine, alone: Int
    ) async throws {
        try await withTemporaryDatabase(engine, JobsMigrations.all) { database in
            let now = now
            let worker = try await register(database)
            let claimed = try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                for number in 0..<40 { try store.post(NewJob(Note(number: number)), now: now) }
                return try store.claim(Note.queue, limit: 40, worker: worker, now: now).jobs
            }
            let scans = try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                for job in claimed.prefix(alone) {
                    #expect(try store.progress(job.lease, "half"))
                    #expect(try store.release(job, now: now) == .ready)
                }
                let changes = try claimed.dropFirst(alone).map { try store.completeLater($0, now: now) }
                let scans: Int? = try transaction.row(
                    "SELECT pg_stat_get_xact_numscans('jobs_running'::regclass) AS scans")?.get("scans")
                #expect(changes.allSatisfy { $0?.count == 1 })
                return scans
            }
            #expect(scans == 0)
        }
    }

    private func register(_ database: any SQLDatabase) async throws -> JobWorkerID {
        let now = now
        return try await database.write {
            try JobWorkerStore(transaction: $0).register(
                node: "a", ownsDatabase: false, lease: .seconds(60), now: now)
        }
    }
}
