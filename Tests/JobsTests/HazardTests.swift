import Jobs
import Persistence
import Testing
import TradingCore

/// What the original's queue lost, doubled or kept for ever, by number.
@Suite struct HazardTests {
    private struct Full: Error {}

    private func schedule(failing isFailing: Bool = false) -> JobSchedule {
        JobSchedule("payout.scan", .every(.seconds(60)), catchUp: .once) { tick in
            if isFailing { throw Full() }
            return try NewJob(Note(number: Int(tick.nanoseconds / Nanoseconds.perSecond)))
        }
    }

    private func start(_ desk: JobDesk, _ schedule: JobSchedule) throws {
        let now = desk.now
        try desk.database.transact { try JobScheduleStore(transaction: $0).define([schedule], now: now) }
    }

    @discardableResult
    private func tick(_ desk: JobDesk, _ schedule: JobSchedule) throws -> Int {
        let now = desk.now
        return try desk.database.transact { try JobScheduleStore(transaction: $0).tick([schedule], now: now).enqueued }
    }

    @Test func `H22: restarts add no loops, and a tick that could not be enqueued comes again`() async throws {
        let desk = try await JobDesk()
        for _ in 0..<5 { try start(desk, schedule()) }
        desk.pass(.seconds(60))
        #expect(try tick(desk, schedule(failing: true)) == 0)
        #expect(try desk.claim().isEmpty)
        // It is still due, for whichever start asks next.
        try start(desk, schedule())
        #expect(try tick(desk, schedule()) == 1)
        #expect(try tick(desk, schedule()) == 0)
        for _ in 1...10 {
            try start(desk, schedule())
            desk.pass(.seconds(60))
            try tick(desk, schedule())
            try tick(desk, schedule())
        }
        #expect(try desk.claim(100).count == 11, "one job a minute, however often it was started")
    }

    /// A sweep finds the same order again and again, on two nodes at once, before and while it is started.
    @Test func `H29: however often an order is found to be started, one start of it is stored and runs`() async throws {
        let desk = try await JobDesk()
        let other = try desk.register(node: "b")
        let start = JobOptions(id: "start-order-7", serialKey: "order-7", isRemovedWhenFinished: true)
        let first = try desk.enqueue(1, start)
        for _ in 0..<5 { #expect(try !desk.enqueue(2, start).isNew) }
        let job = try #require(try desk.claim().first)
        #expect(try desk.claim(worker: other).isEmpty)
        #expect(try desk.enqueue(2, start).id == first.id)
        // Its cycles are jobs of the order's key: none begins beside the start, nor beside another.
        for number in 3...4 { try desk.enqueue(number, JobOptions(serialKey: "order-7")) }
        #expect(try desk.claim(worker: other).isEmpty)
        #expect(try desk.complete(job))
        let cycle = try #require(try desk.claim(worker: other).first)
        #expect(cycle.number == 3)
        #expect(try desk.claim().isEmpty)
        // A node that is taken for dead does nothing more for the order: it has lost its lease.
        desk.pass(.seconds(6))
        let (now, own) = (desk.now, desk.worker)
        #expect(try desk.workers { try $0.heartbeat(own, lease: .seconds(5), now: now) })
        #expect(try desk.rescue().jobs == [cycle.id])
        #expect(try desk.claim().map(\.number) == [3])
        #expect(try !desk.complete(cycle))
    }

    @Test func `H30: what recurs does so by its stored time, whatever became of its last job`() async throws {
        let desk = try await JobDesk()
        try start(desk, schedule())
        desk.pass(.seconds(60))
        try tick(desk, schedule())
        // One kills its workers until it is a dead letter …
        for _ in 0...5 {
            let worker = try desk.register(node: "a")
            try desk.rescue(own: worker)
            #expect(try desk.claim(worker: worker).count == 1)
        }
        let worker = try desk.register(node: "a")
        try desk.rescue(own: worker)
        #expect(try desk.depth().dead == 1)
        // … one fails, one is cancelled, one is never begun: the next comes all the same.
        for round in 1...3 {
            desk.pass(.seconds(60))
            #expect(try tick(desk, schedule()) == 1)
            let job = try #require(try desk.claim(worker: worker).first)
            if round == 1 { try desk.fail(job, .deadLetter) }
            if round == 2 { try desk.fail(job, .discard) }
        }
        desk.pass(.seconds(60))
        #expect(try tick(desk, schedule()) == 1)
        #expect(try desk.claim(worker: worker).count == 1)
    }

    @Test func `H44: a job every minute for a week leaves no more behind than its queue keeps`() async throws {
        let desk = try await JobDesk()
        let queue = QueueConfiguration(Note.queue, retention: .seconds(86_400), maximumFinished: 100)
        try start(desk, schedule())
        var most = 0
        for minute in 1...7 * 1_440 {
            desk.pass(.seconds(60))
            try tick(desk, schedule())
            for job in try desk.claim() { #expect(try desk.complete(job)) }
            if minute.isMultiple(of: 10) {
                let now = desk.now
                _ = try desk.store { try $0.removeFinished(queue, limit: 1_000, now: now) }
                most = max(most, try desk.depth().completed)
            }
        }
        #expect(most == 100)
        let rows = try desk.database.transact { try $0.row("SELECT COUNT(*) FROM jobs")?.get(0, as: Int.self) }
        #expect(rows == 100)
        let schedules = try desk.database.transact { try JobScheduleStore(transaction: $0).entries() }
        #expect(schedules.count == 1)
    }
}
