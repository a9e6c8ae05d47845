import Dispatch
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Jobs

/// A node that is frozen in the middle of a transaction holds what it has written.
@Suite(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)")) struct FrozenWorkerTests {
    private let now = Timestamp(nanoseconds: 1_700_000_000 * Nanoseconds.perSecond)

    /// Holds what `body` locks until it is let go.
    private func frozen(
        _ database: any SQLDatabase, _ body: @escaping @Sendable (any SQLTransaction) throws -> Void
    ) async throws -> (thaw: @Sendable () -> Void, task: Task<Void, any Error>) {
        let (locked, thaw) = (Signal(), DispatchSemaphore(value: 0))
        let task = Task {
            try await database.write { transaction in
                try body(transaction)
                locked.raise()
                // It stands still as a frozen process does, its transaction open.
                thaw.wait()
            }
        }
        await locked.wait()
        return ({ thaw.signal() }, task)
    }

    private func rescue(_ database: any SQLDatabase) async throws -> JobWorkerStore.Rescue {
        try await database.write { [now] in
            try JobWorkerStore(transaction: $0).rescue(own: nil, limit: 10, now: now)
        }
    }

    private func dead(_ node: any SQLDatabase, jobs count: Int) async throws -> (worker: JobWorkerID, jobs: [JobID]) {
        try await node.write { [now] transaction in
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: "a", ownsDatabase: false, lease: .seconds(5), now: now)
            for number in 0..<count {
                _ = try JobStore(transaction: transaction).enqueue(Note(number: number), JobOptions(), now: now)
            }
            let claimed = try JobStore(transaction: transaction).claim(
                Note.queue, limit: count, worker: worker, now: now)
            try transaction.execute("UPDATE job_workers SET lease_until = 0 WHERE id = \(worker)")
            return (worker, claimed.jobs.map(\.lease.id))
        }
    }

    @Test func `jobs that it holds locked keep neither its others nor the writer, and are rescued when it lets go`()
        async throws
    {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { url in
            let (node, other) = (try await PostgresDatabase.open(url: url), try await PostgresDatabase.open(url: url))
            _ = try await Migrator(JobsMigrations.all).migrate(node)
            let jobs = try await dead(node, jobs: 3).jobs
            let held = try await frozen(other) { transaction in
                _ = try transaction.row("SELECT id FROM jobs WHERE id = \(jobs[0]) FOR UPDATE")
            }
            #expect(try await rescue(node).jobs == [jobs[1], jobs[2]])
            #expect(try await rescue(node).jobs == [], "it is looked for again, and waited for by nobody")
            held.thaw()
            try await held.task.value
            #expect(try await rescue(node).jobs == [jobs[0]])
            #expect(try await rescue(node) == JobWorkerStore.Rescue())
            for database in [node, other] { await database.close() }
        }
    }

    @Test func `one frozen in the middle of its heartbeat is passed over until it lets go`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { url in
            let (node, other) = (try await PostgresDatabase.open(url: url), try await PostgresDatabase.open(url: url))
            _ = try await Migrator(JobsMigrations.all).migrate(node)
            let worker = try await dead(node, jobs: 1).worker
            _ = try await node.write { try $0.execute("UPDATE job_workers SET lease_until = 7 WHERE id = \(worker)") }
            let held = try await frozen(other) { transaction in
                _ = try transaction.row("SELECT id FROM job_workers WHERE id = \(worker) FOR UPDATE")
            }
            let sighting = WorkerSighting(worker: worker, mark: Timestamp(nanoseconds: 7))
            try await node.write { try JobWorkerStore(transaction: $0).giveUp(sighting) }
            #expect(try await rescue(node).jobs == [])
            held.thaw()
            try await held.task.value
            try await node.write { try JobWorkerStore(transaction: $0).giveUp(sighting) }
            #expect(try await rescue(node).jobs.count == 1)
            for database in [node, other] { await database.close() }
        }
    }
}
