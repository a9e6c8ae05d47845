import Jobs
import Persistence
import Testing
import TradingCore

@Suite struct EnqueueingTests {
    @Test func `what is enqueued in a transaction that fails was never there`() async throws {
        struct Refusal: Error {}
        let desk = try await JobDesk()
        #expect(throws: Refusal.self) {
            try desk.store { store in
                try store.enqueue(Note(number: 1), now: desk.now)
                throw Refusal()
            }
        }
        #expect(try desk.claim().isEmpty)
    }

    @Test(arguments: [JobState.ready, .delayed, .waiting, .running, .dead, .completed, .discarded, .cancelled])
    func `a custom id is taken while its job exists, whatever its state`(_ state: JobState) async throws {
        let desk = try await JobDesk()
        let first = try desk.job(in: state, JobOptions(id: "once"))
        #expect(try desk.state(first) == state)
        let second = try desk.enqueue(2, JobOptions(id: "once"))
        #expect(!second.isNew)
        #expect(second.id == first.id)
        #expect(second.state == state)
    }

    @Test func `a custom id is free again once its job is removed, and of its own in every queue`() async throws {
        let desk = try await JobDesk()
        let options = JobOptions(id: "once", isRemovedWhenFinished: true)
        let first = try desk.enqueue(1, options)
        let job = try #require(try desk.claim().first)
        #expect(try desk.complete(job))
        let second = try desk.enqueue(2, options)
        #expect(second.isNew)
        #expect(second.id > first.id, "a number is never used twice: an old lease would fit a new job")
        let elsewhere = try desk.store { try $0.enqueue(Elsewhere(), JobOptions(id: "once"), now: desk.now) }
        #expect(elsewhere.isNew)
    }

    @Test func `a job that is posted is one that is enqueued, unseen`() async throws {
        let desk = try await JobDesk()
        func post(_ number: Int, _ options: JobOptions = JobOptions()) throws {
            try desk.store { try $0.post(NewJob(Note(number: number), options), now: desk.now) }
        }
        try post(1, JobOptions(id: "once"))
        try post(2, JobOptions(id: "once"))
        try post(3, JobOptions(serialKey: "k"))
        try post(4, JobOptions(serialKey: "k"))
        try post(5, JobOptions(start: .after(.seconds(5))))
        #expect(throws: JobOptionsError.self) { try post(6, JobOptions(attempts: 0)) }
        let first = try desk.claim()
        #expect(first.map(\.number) == [1, 3])
        for job in first { #expect(try desk.complete(job)) }
        #expect(try desk.claim().map(\.number) == [4])
        desk.pass(.seconds(5))
        #expect(try desk.claim().map(\.number) == [5])
    }

    @Test func `jobs start by priority, then in the order of their enqueueing`() async throws {
        let desk = try await JobDesk()
        for (number, priority) in [(1, 0), (2, 5), (3, -1), (4, 0), (5, -1)] {
            try desk.enqueue(number, JobOptions(priority: priority))
        }
        #expect(try desk.claim(2).map(\.number) == [3, 5])
        #expect(try desk.claim().map(\.number) == [1, 4, 2])
    }

    @Test func `a delayed job starts at its time and not before`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, JobOptions(start: .after(.seconds(10))))
        try desk.enqueue(2, JobOptions(start: .at(desk.now.advanced(byNanoseconds: Nanoseconds.seconds(5)))))
        try desk.enqueue(3, JobOptions(start: .at(.distantPast)))
        #expect(try desk.claim().map(\.number) == [3])
        #expect(
            try desk.store { try $0.nextDue(Note.queue) } == desk.now.advanced(byNanoseconds: Nanoseconds.seconds(5)))
        desk.pass(.seconds(5))
        #expect(try desk.claim().map(\.number) == [2])
        desk.pass(.nanoseconds(4_999_999_999))
        #expect(try desk.claim().isEmpty)
        desk.pass(.nanoseconds(1))
        #expect(try desk.claim().map(\.number) == [1])
        #expect(try desk.store { try $0.nextDue(Note.queue) } == nil)
    }

    @Test(arguments: [
        (JobOptions(attempts: 0), "attempts"), (JobOptions(id: ""), "id"),
        (JobOptions(id: String(repeating: "x", count: 256)), "id"), (JobOptions(serialKey: ""), "serialKey"),
        (JobOptions(timeout: .zero), "timeout"), (JobOptions(maximumRescues: -1), "maximumRescues"),
    ])
    func `an option outside its range is named`(_ options: JobOptions, _ field: String) async throws {
        let desk = try await JobDesk()
        let error = #expect(throws: JobOptionsError.self) { try desk.enqueue(1, options) }
        #expect(error?.field == field)
        #expect(try desk.depth().ready == 0)
    }

    @Test(arguments: ["", "Upper", "with space", "ä", String(repeating: "q", count: 51)])
    func `a name of a queue that a channel could not have is refused`(_ name: String) {
        #expect(QueueName(rawValue: name) == nil)
    }
}

private struct Elsewhere: JobArguments {
    static let kind = "test.elsewhere"
    static let queue: QueueName = "elsewhere"
}
