import Jobs
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

/// What the registry of schedules tells of recurring jobs.
@Suite(.timeLimit(.minutes(3))) struct RecurringRunsTests {
    private static let hour = Nanoseconds.seconds(3_600)

    private static func report(_ running: RunningWorker) -> ScheduleReport? {
        running.registry.reports.first { $0.name == "job: hourly" }
    }

    /// Whoever jumps while somebody looks at the clock makes him wait from where he jumped to.
    private static func waits(_ running: RunningWorker) -> Bool {
        running.registry.reports.contains { $0.name == "jobs: schedules" && $0.nextRun != nil }
    }

    /// Steps until something has come; a minute of stepped time is no hour.
    private func settle(_ what: String, _ time: SteppedTime, _ condition: () -> Bool) async throws {
        try await eventually(what) {
            time.advance(byNanoseconds: 100_000)
            return condition()
        }
    }

    private func worker(
        _ database: any SQLDatabase, _ time: SteppedTime,
        _ body: @escaping @Sendable (Note, JobContext) async throws -> JobOutcome
    ) -> RunningWorker {
        RunningWorker(database, time: time) {
            $0.schedules = [
                JobSchedule("hourly", .every(.seconds(3_600)), catchUp: .once) { _ in
                    var job = try NewJob(Note(number: 1))
                    job.options.attempts = 1
                    return job
                }
            ]
        } _: {
            try await body($0, $1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `when it is due, how late it began, how long it took and what went wrong`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            let (time, gate, diary) = (SteppedTime(), Gate(), Diary())
            let running = worker(database, time) { _, _ in
                diary.write(diary.numbers.count)
                guard diary.numbers.count < 2 else { throw TookTooLong(what: "the second run") }
                await gate.wait()
                return .done
            }
            try await settle("its first tick is known", time) {
                Self.report(running)?.nextRun != nil && Self.waits(running)
            }
            let due = try #require(Self.report(running)?.nextRun)
            #expect(due.nanoseconds % Self.hour == 0 && due > time.now())
            #expect(Self.report(running)?.runCount == 0 && Self.report(running)?.lastRun == nil)

            time.advance(byNanoseconds: due.nanoseconds(since: time.now()) + Nanoseconds.seconds(7))
            try await settle("it runs", time) { diary.numbers.count == 1 }
            let began = try #require(Self.report(running)?.runningSince)
            #expect(began >= due.advanced(byNanoseconds: Nanoseconds.seconds(7)))
            time.advance(byNanoseconds: Nanoseconds.seconds(5))
            gate.open()
            try await settle("it is done", time) { Self.report(running)?.runningSince == nil }
            let done = try #require(Self.report(running))
            #expect(done.runCount == 1 && done.failureCount == 0 && done.lastRun == began)
            #expect(done.durationNanoseconds >= Nanoseconds.seconds(5))
            #expect(done.latenessNanoseconds == began.nanoseconds(since: due))
            try await settle("the next is known", time) {
                Self.report(running)?.nextRun == due.advanced(byNanoseconds: Self.hour) && Self.waits(running)
            }

            time.advance(byNanoseconds: Self.hour)
            try await settle("it failed", time) { Self.report(running)?.failureCount == 1 }
            #expect(Self.report(running)?.lastFailure?.contains("the second run") == true)
            await running.stop()
            #expect(Self.report(running) == nil)
        }
    }

    @Test func `what another node ran, or an earlier process, is told by its tick`() async throws {
        try await withJobsDatabase { database in
            let time = SteppedTime()
            let first = worker(database, time) { _, _ in .done }
            try await settle("known", time) { Self.report(first)?.nextRun != nil && Self.waits(first) }
            let due = try #require(Self.report(first)?.nextRun)
            time.advance(byNanoseconds: due.nanoseconds(since: time.now()))
            try await settle("run", time) { Self.report(first)?.runCount == 1 && first.counters.completed == 1 }
            await first.stop()
            let second = worker(database, time) { _, _ in .done }
            try await settle("known again", time) { Self.report(second)?.nextRun != nil }
            #expect(Self.report(second)?.lastRun == due && Self.report(second)?.runCount == 0)
            await second.stop()
        }
    }
}
