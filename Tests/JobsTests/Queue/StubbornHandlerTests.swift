import Jobs
import Persistence
import TestSupport
import Testing
import TradingCore

/// Handlers that were told to stop and do not.
@Suite(.timeLimit(.minutes(3))) struct StubbornHandlerTests {
    private func withStubborn(
        timeout: Duration?, _ body: (RunningWorker, any SQLDatabase, SteppedTime) async throws -> Void
    ) async throws {
        try await withJobsDatabase { database in
            let (time, gate, diary) = (SteppedTime(), Gate(), Diary())
            let running = RunningWorker(database, time: time) { note, _ in
                diary.write(note.number)
                await gate.wait()
                return .done
            }
            try await database.enqueue([1], JobOptions(timeout: timeout), at: time.now())
            try await eventually("at work") { diary.numbers == [1] }
            try await body(running, database, time)
            gate.open()
            await running.stop()
        }
    }

    private func cancel(_ database: any SQLDatabase, _ time: SteppedTime) async throws {
        let now = time.now()
        try await database.write { transaction in
            let store = JobStore(transaction: transaction)
            let job = try #require(try store.jobs(Note.queue, .running).first)
            #expect(try store.cancel(job.id, now: now) == .requested)
        }
    }

    private func overdue(_ running: RunningWorker) -> [OverdueJob.Stop] {
        running.worker.report.queues[0].overdue.map(\.stop)
    }

    @Test func `one that was cancelled is named once it has had time to tidy up`() async throws {
        try await withStubborn(timeout: nil) { running, database, time in
            try await cancel(database, time)
            var waited: Int64 = 0
            // Whenever the word reaches it: five seconds later it is named, and not at once.
            try await eventually("named") {
                time.advance(byNanoseconds: Nanoseconds.seconds(1))
                waited += 1
                return overdue(running) == [.cancellation]
            }
            #expect(waited >= 5)
            #expect(running.worker.report.queues[0].overdue[0].description.hasSuffix("does not stop, it was cancelled"))
        }
    }

    @Test func `cancelling one does not hide that its time is over`() async throws {
        try await withStubborn(timeout: .seconds(60)) { running, database, time in
            try await cancel(database, time)
            try await eventually("told to stop") {
                time.advance(byNanoseconds: Nanoseconds.seconds(1))
                return overdue(running) == [.cancellation]
            }
            time.advance(byNanoseconds: Nanoseconds.seconds(60))
            try await eventually("timed out") { overdue(running) == [.timeout] }
            #expect(running.counters.timedOut == 1)
        }
    }
}
