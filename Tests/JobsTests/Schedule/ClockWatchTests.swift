import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@Suite struct ClockWatchTests {
    @Test func `a clock that somebody sets is told of once each time, with by how much, and shown among the schedules`()
        async
    {
        let (time, registry) = (SteppedTime(), ScheduleRegistry())
        let ahead = Mutex<Int64>(0)
        let told = Mutex<[String]>([])
        let watch = ClockWatch(
            time: time, registry: registry, difference: { ahead.withLock { $0 } },
            tell: { line in told.withLock { $0.append(line) } })
        let task = Task { await watch.run() }
        var failures: [String?] = []
        for seconds in [0, 1, 7_200, 7_201, -30, -30, 0] as [Int64] {
            ahead.withLock { $0 = seconds * Nanoseconds.perSecond }
            // Two looks: the first may have begun before.
            for _ in 0..<2 {
                while !time.isAwaited(withinNanoseconds: Nanoseconds.seconds(10)) { await Task.yield() }
                time.advance(byNanoseconds: Nanoseconds.seconds(10))
            }
            while !time.isAwaited(withinNanoseconds: Nanoseconds.seconds(10)) { await Task.yield() }
            failures.append(registry.reports.first { $0.name == "clock" }?.lastFailure)
        }
        task.cancel()
        await task.value
        let lines = told.withLock { $0 }
        #expect(lines.count == 3, "\(lines)")
        #expect(lines.first?.contains("set forward by 7200 s") == true)
        #expect(lines.dropFirst().first?.contains("set back by 30 s") == true)
        #expect(lines.last == "the machine's clock agrees with the server's again")
        #expect(failures[..<2].allSatisfy { $0 == nil } && failures[2] == lines.first)
    }

    @Test func `the system's time and the wall agree at the start`() {
        #expect(abs(SystemTime().wallIsAhead()) < Nanoseconds.perSecond)
    }
}
