import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Jobs

/// Nodes whose clocks differ tick by one clock.
@Suite struct SharedClockTests {
    @Test(arguments: [-1, 1]) func `a node whose clock is a day off ticks by the database server's, where there is one`(
        _ days: Int64
    ) async throws {
        for engine in DatabaseEngine.available {
            try await withTemporaryDatabase(engine) { database in
                let real = SystemTime().now()
                let wrong = real.advanced(byNanoseconds: days * Nanoseconds.perDay)
                let told = try await database.read { try JobScheduleStore(transaction: $0).sharedNow(or: wrong) }
                switch engine {
                // One process has one clock.
                case .sqlite: #expect(told == wrong)
                case .postgres: #expect(abs(told.nanoseconds(since: real)) < Nanoseconds.seconds(60))
                }
            }
        }
    }

    /// A system clock that was set wrong.
    private struct WrongTime: TimeSource {
        let real = SystemTime()
        let lead: Int64

        func now() -> Timestamp { real.now().advanced(byNanoseconds: lead) }
        func sleep(until deadline: Timestamp) async throws {
            try await real.sleep(until: deadline.advanced(byNanoseconds: -lead))
        }
    }

    private static let hour = Nanoseconds.seconds(3_600)

    @Test(
        .enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"), .timeLimit(.minutes(2)),
        arguments: [-25, 25])
    func `a node whose clock is 25 hours off runs what is due, leaves what is not, and dates what it stores rightly`(
        _ hours: Int64
    ) async throws {
        try await withTemporaryDatabase(.postgres, allMigrations) { database in
            let real = SystemTime().now()
            let (due, later) = (
                real.advanced(byNanoseconds: -Self.hour), real.advanced(byNanoseconds: 24 * Self.hour)
            )
            try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                for (number, moment) in [(1, due), (2, later)] {
                    try store.enqueue(NewJob(Note(number: number), JobOptions(start: .at(moment))), now: due)
                }
            }
            let diary = Diary()
            let starts = Mutex<[Timestamp]>([])
            let running = RunningWorker(database, time: WrongTime(lead: hours * Self.hour)) {
                $0.goesByDatabaseClock = true
                $0.pollInterval = .milliseconds(20)
            } _: { note, context in
                diary.write(note.number)
                starts.withLock { $0.append(context.startedAt) }
                return .snooze(.seconds(3_600))
            }
            try await eventually("snoozed") { running.counters.snoozed == 1 }
            // Many more looks at what is not due.
            try await eventually("ready again") {
                try await database.enqueue([3], at: real)
                return diary.numbers.count { $0 == 3 } >= 5
            }
            #expect(diary.numbers.count { $0 == 1 } == 1 && !diary.numbers.contains(2))
            let isRight = starts.withLock {
                $0.allSatisfy { abs($0.nanoseconds(since: real)) < Nanoseconds.seconds(110) }
            }
            #expect(isRight)
            let again = try await database.read { transaction in
                try transaction.row("SELECT MIN(run_at) FROM jobs WHERE state = 'delayed'")?.get(0, as: Timestamp.self)
            }
            let wait = try #require(again).nanoseconds(since: real)
            #expect(abs(wait - Self.hour) < Nanoseconds.seconds(110), "a delay counts from the time that all share")
            await running.stop()
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"), arguments: [-25, 25])
    func `what is over goes by the database server's clock`(_ hours: Int64) async throws {
        try await withTemporaryDatabase(.postgres, allMigrations) { database in
            let real = SystemTime().now()
            let clock = SharedClock(WrongTime(lead: hours * Self.hour), goesByDatabase: true)
            let queue = QueueConfiguration(Note.queue, retention: .seconds(86_400))
            try await database.enqueue(0..<2, at: real)
            let removed = try await database.write { transaction in
                let worker = try JobWorkerStore(transaction: transaction).register(
                    node: "a", ownsDatabase: false, lease: .seconds(5), now: real)
                let store = JobStore(transaction: transaction)
                let jobs = try store.claim(Note.queue, limit: 2, worker: worker, now: real).jobs
                // One yesterday, one now.
                for (job, age) in zip(jobs, [26, 0] as [Int64]) {
                    _ = try store.complete(job, now: real.advanced(byNanoseconds: -age * Self.hour))
                }
                return try store.removeFinished(queue, limit: 10, now: clock.measured(transaction))
            }
            #expect(removed == 1)
            #expect(abs(clock.now().nanoseconds(since: SystemTime().now())) < Nanoseconds.seconds(60))
            let alarm = clock.own(clock.now()).nanoseconds(since: SystemTime().now())
            #expect(abs(alarm - hours * Self.hour) < Nanoseconds.seconds(60), "alarms go by the own clock")
        }
    }
}
