import Jobs
import Persistence
import TestSupport
import Testing
import TradingCore

/// How much waits, and how long: what health and metrics are made of.
@Suite struct QueueDepthTests {
    /// Delayed jobs become ready when they are looked for; a paused queue gives none away.
    private func promote(_ desk: JobDesk) throws {
        let now = desk.now
        try desk.store { try $0.pause(Note.queue, now: now) }
        #expect(try desk.claim().isEmpty)
        try desk.store { try $0.resume(Note.queue) }
    }

    @Test func `the oldest is the one that has been due longest, whatever its number and priority`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, JobOptions(start: .after(.seconds(60)), priority: -1))
        let since = desk.now
        try desk.enqueue(2, JobOptions(priority: 7))
        desk.pass(.seconds(61))
        try promote(desk)
        try desk.enqueue(3)
        let depth = try desk.depth()
        #expect(depth.ready == 3)
        #expect(depth.oldestReady == since)
    }

    @Test func `a delayed job whose time has come waits, since then, though nobody looks for it`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, JobOptions(start: .after(.seconds(60))))
        try desk.enqueue(2, JobOptions(start: .after(.seconds(90))))
        let due = desk.now.advanced(byNanoseconds: Nanoseconds.seconds(60))
        desk.pass(.seconds(59))
        #expect(try desk.depth().oldestReady == nil)
        #expect(try desk.depth().delayed == 2)
        desk.pass(.seconds(11))
        let depth = try desk.depth()
        #expect([depth.ready, depth.delayed] == [1, 1])
        #expect(depth.oldestReady == due)
    }

    @Test func `the last completion is told, and nothing else counts as one`() async throws {
        let desk = try await JobDesk()
        _ = try desk.job(in: .completed)
        let completedAt = desk.now
        desk.pass(.seconds(10))
        for state in [JobState.cancelled, .discarded, .dead] { _ = try desk.job(in: state) }
        #expect(try desk.depth().lastCompleted == completedAt)
        #expect(try desk.depth().live == 1)
    }

    /// Only what waits is looked at, however many jobs are finished.
    @Test(arguments: [
        "SELECT COUNT(*), MIN(run_at) FROM jobs WHERE queue = 'q' AND state = 'ready'",
        "SELECT COUNT(*), MIN(run_at) FROM jobs WHERE queue = 'q' AND state = 'delayed' AND run_at <= 5",
    ])
    func `the backlog is found by an index`(_ query: String) async throws {
        let desk = try await JobDesk()
        let plan = try desk.database.transact { transaction in
            try transaction.rows("EXPLAIN QUERY PLAN \(raw: query)").map { try $0.get("detail", as: String.self) }
        }
        #expect(plan.count == 1)
        #expect(plan.allSatisfy { $0.hasPrefix("SEARCH jobs USING") }, "\(plan)")
    }

    @Test(arguments: DatabaseEngine.available)
    func `a large backlog is told the same on every engine`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let start = Timestamp(nanoseconds: Nanoseconds.seconds(1_000))
            try await database.write { transaction in
                for number in 0..<3_000 {
                    // The later its number, the earlier its time; every third is delayed.
                    let now = start.advanced(byNanoseconds: Int64(-number))
                    let delay: JobOptions.Start = number % 3 == 0 ? .after(.nanoseconds(1)) : .now
                    try JobStore(transaction: transaction).post(
                        NewJob(Note(number: number), JobOptions(start: delay)), now: now)
                }
            }
            let depth = try await database.depth(at: start)
            #expect([depth.ready, depth.delayed] == [2_999, 1])
            #expect(depth.oldestReady == start.advanced(byNanoseconds: -2_999))
        }
    }
}
