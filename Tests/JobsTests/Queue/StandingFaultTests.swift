import Jobs
import Logging
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

/// What a worker and a relay say of themselves while they cannot work.
@Suite(.timeLimit(.minutes(3))) struct StandingFaultTests {
    private static func report(_ registry: ScheduleRegistry, _ name: String) -> ScheduleReport? {
        registry.reports.first { $0.name == name }
    }

    @Test func `a worker that cannot write says so, from the first failure until it can`() async throws {
        try await withJobsDatabase { base in
            let (database, time) = (SwitchedDatabase(base), SteppedTime())
            let running = RunningWorker(database, time: time) {
                $0.pollInterval = .milliseconds(250)
            } _: { _, _ in
                .done
            }
            try await eventually("registered") { running.worker.report.worker != nil }
            try await eventually("well") {
                time.advance(byNanoseconds: Nanoseconds.milliseconds(50))
                return running.worker.report.faults.isEmpty && running.worker.report.queues[0].faults.isEmpty
            }
            database.turn(.full)
            try await eventually("shown") {
                time.advance(byNanoseconds: Nanoseconds.milliseconds(50))
                let report = running.worker.report
                return report.faults.contains { $0.what == "jobs: heartbeat" && $0.failure.contains("disk full") }
                    && report.queues[0].faults.map(\.what) == ["jobs cannot be claimed"]
            }
            let queue = try #require(Self.report(running.registry, "jobs: queue notes"))
            #expect(queue.failureCount > 0)
            #expect(queue.lastFailure?.hasPrefix("jobs cannot be claimed: ") == true)
            database.turn(.well)
            try await eventually("over") {
                time.advance(byNanoseconds: Nanoseconds.milliseconds(50))
                return running.worker.report.faults.isEmpty && running.worker.report.queues[0].faults.isEmpty
            }
            await running.stop()
        }
    }

    @Test func `the end of a job that cannot be stored is a fault of its queue until it is`() async throws {
        try await withJobsDatabase { base in
            let (database, time) = (SwitchedDatabase(base), SteppedTime())
            let running = RunningWorker(database, time: time) { _, _ in
                database.turn(.full)
                return .done
            }
            try await database.enqueue([1], at: time.now())
            try await eventually("shown") {
                running.worker.report.queues[0].faults.contains { $0.what == "ends of jobs cannot be stored" }
            }
            database.turn(.well)
            try await eventually("over") {
                time.advance(byNanoseconds: Nanoseconds.milliseconds(50))
                return running.counters.completed == 1 && running.worker.report.queues[0].faults.isEmpty
            }
            #expect(running.counters.lastProgress != nil)
            await running.stop()
        }
    }

    /// Takes as long as the test says.
    private struct Slow: SQLDatabase {
        let base: any SQLDatabase
        let time: SteppedTime
        let isSlow = Flag()

        final class Flag: Sendable {
            private let value = Mutex(false)
            func raise() { value.withLock { $0 = true } }
            var isRaised: Bool { value.withLock { $0 } }
        }

        var dialect: SQLDialect { base.dialect }

        func write<Value: Sendable>(
            _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
        ) async throws -> Value {
            let value = try await base.write(body)
            if isSlow.isRaised { time.advance(byNanoseconds: Nanoseconds.milliseconds(30)) }
            return value
        }

        func read<Value: Sendable>(
            _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
        ) async throws -> Value { try await base.read(body) }

        func notifications(_ channel: String) -> AsyncStream<Void> { base.notifications(channel) }

        func close() async { await base.close() }
    }

    @Test func `a schedule's duration is that of its work, not of the alarm that sets it off`() async throws {
        try await withJobsDatabase { base in
            let time = SteppedTime()
            let database = Slow(base: base, time: time)
            let running = RunningWorker(database, time: time) {
                $0.pollInterval = .seconds(1)
            } _: { _, _ in
                .done
            }
            try await eventually("registered") { running.worker.report.worker != nil }
            database.isSlow.raise()
            try await eventually("a claim's") {
                time.advance(byNanoseconds: Nanoseconds.milliseconds(500))
                let report = Self.report(running.registry, "jobs: queue notes")
                return report.map { $0.durationNanoseconds >= Nanoseconds.milliseconds(30) } ?? false
            }
            await running.stop()
        }
    }

    @Test func `a schedule whose job cannot be made is a fault, and the others go on`() async throws {
        try await withJobsDatabase { database in
            let (time, diary) = (SteppedTime(), Diary())
            let running = RunningWorker(database, time: time) {
                $0.schedules = [
                    JobSchedule("broken", .every(.seconds(1)), catchUp: .once) { _ in throw TookTooLong(what: "it") },
                    JobSchedule("sound", .every(.seconds(1)), catchUp: .once) { _ in try NewJob(Note(number: 5)) },
                ]
            } _: { note, _ in
                diary.write(note.number)
                return .done
            }
            try await eventually("ticks") {
                time.advance(byNanoseconds: Nanoseconds.milliseconds(500))
                return diary.numbers.count >= 2
            }
            #expect(running.worker.report.faults.contains { $0.failure.contains("schedule broken: ") })
            #expect(Self.report(running.registry, "jobs: schedules")?.lastFailure?.contains("schedule broken") == true)
            await running.stop()
        }
    }

    private struct Nowhere: MessageSink {
        func send(_ message: OutboxMessage, fence: Int64) async throws {}
    }

    @Test func `a relay that cannot read its messages counts it as failures of its schedule`() async throws {
        try await withTemporaryDatabase(.sqlite, allMigrations) { base in
            let (database, time, registry) = (SwitchedDatabase(base), SteppedTime(), ScheduleRegistry())
            let alarms = AlarmClock(time: time, registry: registry)
            let relay = OutboxRelay(
                database: database, sink: Nowhere(), time: time, alarms: alarms,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let tasks = [Task { try await relay.run() }, Task { await alarms.run() }]
            try await eventually("looked") { Self.report(registry, "outbox.relay").map { $0.runCount > 0 } ?? false }
            #expect(Self.report(registry, "outbox.relay")?.failureCount == 0)
            database.turn(.stopped)
            try await eventually("failures") {
                time.advance(byNanoseconds: Nanoseconds.seconds(1))
                let report = Self.report(registry, "outbox.relay")
                return report?.lastFailure?.contains("stopped") == true && report?.failureCount ?? 0 > 1
            }
            for task in tasks { task.cancel() }
            _ = try? await tasks[0].value
        }
    }
}
