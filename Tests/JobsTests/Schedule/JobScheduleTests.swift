import Jobs
import Persistence
import Testing
import TradingCore

@Suite struct JobScheduleTests {
    private func schedule(
        _ catchUp: JobSchedule.CatchUp = .once, every interval: Duration = .seconds(60), name: String = "report"
    ) -> JobSchedule {
        JobSchedule(name, .every(interval), catchUp: catchUp) { tick in
            try NewJob(Note(number: Int(tick.nanoseconds / Nanoseconds.perSecond)))
        }
    }

    private func define(_ schedules: [JobSchedule], _ desk: JobDesk) throws {
        let now = desk.now
        try desk.database.transact { try JobScheduleStore(transaction: $0).define(schedules, now: now) }
    }

    @discardableResult
    private func tick(_ schedules: [JobSchedule], _ desk: JobDesk) throws -> JobScheduleStore.Tick {
        let now = desk.now
        return try desk.database.transact { try JobScheduleStore(transaction: $0).tick(schedules, now: now) }
    }

    /// Seconds since the whole minute before the desk's beginning, 1,700,000,000 - 20.
    private func minutes(_ desk: JobDesk) throws -> [Int] {
        try desk.claim(1_000).map { ($0.number - 1_699_999_980) / 60 }
    }

    @Test func `an interval ticks at whole multiples, before 1970 too`() {
        let cadence = JobCadence.every(.seconds(60))
        func next(_ seconds: Int64) -> Int64? {
            cadence.next(after: Timestamp(nanoseconds: seconds * Nanoseconds.perSecond)).map {
                $0.nanoseconds / Nanoseconds.perSecond
            }
        }
        #expect([0, 59, 60, 61, -1, -60, -61].map(next) == [60, 60, 120, 120, 0, 0, -60])
    }

    @Test func `each tick is run once, whoever asks how often`() async throws {
        let desk = try await JobDesk()
        try define([schedule()], desk)
        for _ in 0..<50 {
            desk.pass(.seconds(7))
            // Two nodes that look at the same moment.
            for _ in 0..<2 { try tick([schedule()], desk) }
        }
        #expect(try minutes(desk) == [1, 2, 3, 4, 5, 6])
    }

    @Test func `the next tick is told`() async throws {
        let desk = try await JobDesk()
        try define([schedule(), schedule(every: .seconds(3_600), name: "slow")], desk)
        #expect(try tick([schedule()], desk).next == Timestamp(nanoseconds: 1_700_000_040 * Nanoseconds.perSecond))
    }

    @Test(arguments: [
        (JobSchedule.CatchUp.once, [10]), (.all(maximum: 100), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (.all(maximum: 3), [8, 9, 10]), (.all(maximum: 0), []), (.skip(tolerance: .seconds(30)), [10]),
        (.skip(tolerance: .seconds(29)), []),
    ])
    func `what was missed is caught up with as the schedule says, and never twice`(
        _ catchUp: JobSchedule.CatchUp, _ expected: [Int]
    ) async throws {
        let desk = try await JobDesk()
        try define([schedule(catchUp)], desk)
        desk.pass(.seconds(610))
        try tick([schedule(catchUp)], desk)
        #expect(try minutes(desk) == expected)
        try define([schedule(catchUp)], desk)
        try tick([schedule(catchUp)], desk)
        #expect(try minutes(desk) == [])
        desk.pass(.seconds(31))
        try tick([schedule(catchUp)], desk)
        #expect(try minutes(desk) == (expected.isEmpty && catchUp == .all(maximum: 0) ? [] : [11]))
    }

    @Test func `years of silence cost little`() async throws {
        let desk = try await JobDesk()
        let schedule = schedule(.all(maximum: 5), every: .milliseconds(10))
        try define([schedule], desk)
        desk.pass(.seconds(10 * 365 * 86_400))
        #expect(try tick([schedule], desk).enqueued == 5)
    }

    @Test func `definitions that are new begin, changed ones begin anew, others go on, a newer node's too`()
        async throws
    {
        let desk = try await JobDesk()
        try define([schedule(), schedule(name: "kept"), schedule(name: "gone")], desk)
        func entries() throws -> [JobScheduleStore.Entry] {
            try desk.database.transact { try JobScheduleStore(transaction: $0).entries() }
        }
        let before = try entries()
        desk.pass(.seconds(600))
        try define([schedule(every: .seconds(90)), schedule(name: "kept"), schedule(name: "new")], desk)
        let after = try entries()
        #expect(after.map(\.name) == ["gone", "kept", "new", "report"])
        #expect(after[0] == before[0])
        #expect(after[1] == before[1], "what it missed is not forgotten by a restart")
        #expect(after[2].nextAt > desk.now)
        #expect(after[3].nextAt > desk.now)
    }

    @Test(arguments: [JobSchedule.CatchUp.once, .skip(), .all(maximum: 10)])
    func `a clock that ran ahead keeps no schedule still once clocks are right`(
        _ catchUp: JobSchedule.CatchUp
    )
        async throws
    {
        let (right, ahead) = (try await JobDesk(), JobSchedule.CatchUp.once)
        try define([schedule(catchUp), schedule(ahead, name: "other")], right)
        // A node whose clock is four years ahead looks once; it knows one of the two.
        let wrong = right.now.advanced(byNanoseconds: Nanoseconds.seconds(4 * 365 * 86_400))
        try right.database.transact {
            _ = try JobScheduleStore(transaction: $0).tick([schedule(catchUp)], now: wrong)
        }
        _ = try minutes(right)
        #expect(try tick([schedule(catchUp)], right).broughtBack == ["report"])
        #expect(try tick([schedule(catchUp)], right).broughtBack == [])
        let entry = try right.database.transact { try JobScheduleStore(transaction: $0).entries() }[1]
        #expect(entry.name == "report" && entry.lastAt == nil)
        for _ in 0..<3 {
            right.pass(.seconds(60))
            try tick([schedule(catchUp)], right)
        }
        #expect(try minutes(right) == [1, 2, 3])
    }

    @Test func `nodes whose clocks are a little apart run each tick once`() async throws {
        let desk = try await JobDesk()
        let all = schedule(.all(maximum: 100))
        try define([all], desk)
        for _ in 0..<40 {
            desk.pass(.seconds(20))
            let ahead = desk.now.advanced(byNanoseconds: Nanoseconds.seconds(240))
            try desk.database.transact { _ = try JobScheduleStore(transaction: $0).tick([all], now: ahead) }
            #expect(try tick([all], desk).broughtBack == [])
        }
        let run = try minutes(desk)
        #expect(Set(run).count == run.count && run.count == 17)
    }

    private struct NoJob: Error, CustomStringConvertible { var description: String { "no job today" } }

    @Test func `a schedule whose job cannot be made fails alone, is named, and is tried again`() async throws {
        let desk = try await JobDesk()
        let broken = JobSchedule("broken", .every(.seconds(60)), catchUp: .once) { _ in throw NoJob() }
        let refused = JobSchedule("refused", .every(.seconds(60)), catchUp: .once) { tick in
            try NewJob(Note(number: 0), JobOptions(attempts: 0))
        }
        try define([broken, refused, schedule()], desk)
        desk.pass(.seconds(60))
        let tick = try tick([broken, refused, schedule()], desk)
        #expect(tick.enqueued == 1)
        #expect(tick.failures.map(\.schedule) == ["broken", "refused"])
        #expect(tick.failures.first?.description == "schedule broken: no job today")
        #expect(try minutes(desk) == [1])
        let mended = try self.tick([schedule(name: "broken")], desk)
        #expect(mended.enqueued == 1 && mended.failures.isEmpty, "its tick is still due")
    }

    @Test func `a schedule that only another node knows is left alone`() async throws {
        let desk = try await JobDesk()
        try define([schedule(), schedule(name: "other")], desk)
        desk.pass(.seconds(60))
        #expect(try tick([schedule()], desk).enqueued == 1)
        #expect(try tick([schedule(name: "other")], desk).enqueued == 1)
    }
}
