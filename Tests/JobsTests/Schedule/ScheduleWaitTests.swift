import Scheduling
import TestSupport
import Testing
import TradingCore

/// A loop that waits by its schedule, as the registry shows it.
@Suite(.timeLimit(.minutes(1))) struct ScheduleWaitTests {
    private let time = SteppedTime()
    private let registry = ScheduleRegistry()

    private func at(_ seconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: (1_700_000_000 + seconds) * Nanoseconds.perSecond)
    }

    @Test func `a run begins when a wait returns and ends when the next begins`() async throws {
        let schedule = registry.schedule("look")
        let waiting = Task { try await schedule.wait(until: at(10), on: time) }
        try await eventually("it waits") { registry.reports[0].nextRun == at(10) }
        #expect(registry.reports[0].runCount == 0)
        // Nobody came to it for two seconds.
        time.advance(byNanoseconds: Nanoseconds.seconds(12))
        try await waiting.value
        #expect(registry.reports[0].nextRun == nil && registry.reports[0].runningSince == at(12))
        #expect(registry.reports[0].latenessNanoseconds == Nanoseconds.seconds(2))
        time.advance(byNanoseconds: Nanoseconds.seconds(3))
        let again = Task { try await schedule.wait(until: at(20), on: time, failure: "nobody answers") }
        try await eventually("it waits again") { registry.reports[0].nextRun == at(20) }
        let report = registry.reports[0]
        #expect(report.runningSince == nil && report.lastRun == at(12) && report.runCount == 1)
        #expect(report.durationNanoseconds == Nanoseconds.seconds(3))
        #expect(report.failureCount == 1 && report.lastFailure == "nobody answers")
        again.cancel()
        await #expect(throws: CancellationError.self) { try await again.value }
        #expect(registry.reports[0].nextRun == nil && registry.reports[0].runCount == 1)
        schedule.end()
        #expect(registry.reports.isEmpty)
    }

    @Test func `a wait that was given up for another leaves the other's time`() async throws {
        let schedule = registry.schedule("look")
        let first = Task { try await schedule.wait(until: at(10), on: time) }
        try await eventually("it waits") { registry.reports[0].nextRun == at(10) }
        let second = Task { try await schedule.wait(until: at(5), on: time) }
        try await eventually("the other waits") { registry.reports[0].nextRun == at(5) }
        first.cancel()
        _ = await first.result
        #expect(registry.reports[0].nextRun == at(5))
        second.cancel()
        _ = await second.result
    }
}
