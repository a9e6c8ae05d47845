import Jobs
import Testing
import TradingCore

@Suite struct SerialKeyTests {
    private func options(_ key: String, _ change: (inout JobOptions) -> Void = { _ in }) -> JobOptions {
        var options = JobOptions(attempts: 2, backoff: .fixed(.seconds(10)), serialKey: key)
        change(&options)
        return options
    }

    @Test func `jobs of one key run one after another in the order of their enqueueing, other keys beside them`()
        async throws
    {
        let desk = try await JobDesk()
        for number in 1...6 { try desk.enqueue(number, options(number.isMultiple(of: 2) ? "even" : "odd")) }
        try desk.enqueue(7)
        var order: [[Int]] = []
        while case let jobs = try desk.claim(), !jobs.isEmpty {
            order.append(jobs.map(\.number))
            for job in jobs { #expect(try desk.complete(job)) }
        }
        #expect(order == [[1, 2, 7], [3, 4], [5, 6]])
    }

    @Test func `priority does not overtake within a key`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, options("k") { $0.priority = 9 })
        try desk.enqueue(2, options("k") { $0.priority = -9 })
        try desk.enqueue(3, options("l") { $0.priority = 5 })
        #expect(try desk.claim().map(\.number) == [3, 1])
    }

    @Test func `a first one that waits for its time, or is tried again, holds its successors back`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, options("k") { $0.start = .after(.seconds(5)) })
        try desk.enqueue(2, options("k"))
        #expect(try desk.claim().isEmpty)
        desk.pass(.seconds(5))
        let first = try #require(try desk.claim().first)
        #expect(first.number == 1)
        #expect(try desk.fail(first) == .delayed)
        #expect(try desk.claim().isEmpty)
        desk.pass(.seconds(10))
        #expect(try desk.complete(try #require(try desk.claim().first)))
        #expect(try desk.claim().map(\.number) == [2])
    }

    @Test func `a successor that is not due yet when its turn comes waits for its time`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, options("k"))
        let second = try desk.enqueue(2, options("k") { $0.start = .after(.seconds(30)) })
        #expect(second.state == .waiting)
        #expect(try desk.complete(try #require(try desk.claim().first)))
        #expect(try desk.state(second) == .delayed)
        desk.pass(.seconds(30))
        #expect(try desk.claim().map(\.number) == [2])
    }

    @Test func `a dead letter holds its key until an operator retries or discards it`() async throws {
        let desk = try await JobDesk()
        for retries in [true, false] {
            let first = try desk.enqueue(1, options("k"))
            try desk.enqueue(2, options("k"))
            try desk.fail(try #require(try desk.claim().first), .deadLetter)
            #expect(try desk.claim().isEmpty)
            let now = desk.now
            if retries {
                #expect(try desk.store { try $0.retry(first.id, now: now) })
                let again = try #require(try desk.claim().first)
                #expect(again.id == first.id)
                #expect(again.run.attempt == 1)
                #expect(try desk.complete(again))
            } else {
                #expect(try desk.store { try $0.discard(first.id, now: now) })
            }
            let second = try #require(try desk.claim().first)
            #expect(second.number == 2)
            #expect(try desk.complete(second))
        }
    }

    @Test
    func `a dead letter that does not hold its key is overtaken, and comes first of those that wait when retried`()
        async throws
    {
        let desk = try await JobDesk()
        let first = try desk.enqueue(1, options("k") { $0.deadLetterHoldsKey = false })
        for number in 2...3 { try desk.enqueue(number, options("k")) }
        try desk.fail(try #require(try desk.claim().first), .deadLetter)
        let second = try #require(try desk.claim().first)
        #expect(second.number == 2)
        let now = desk.now
        #expect(try desk.store { try $0.retry(first.id, now: now) })
        #expect(try desk.state(first) == .waiting)
        #expect(try desk.claim().isEmpty)
        #expect(try desk.complete(second))
        let again = try #require(try desk.claim().first)
        #expect(again.number == 1)
        #expect(try desk.complete(again))
        #expect(try desk.claim().map(\.number) == [3])
    }

    @Test func `cancelling lets the key go on, from its head or its middle`() async throws {
        let desk = try await JobDesk()
        let jobs = try (1...4).map { try desk.enqueue($0, options("k")) }
        let now = desk.now
        #expect(try desk.store { try $0.cancel(jobs[1].id, now: now) } == .cancelled)
        #expect(try desk.store { try $0.cancel(jobs[0].id, now: now) } == .cancelled)
        let third = try #require(try desk.claim().first)
        #expect(third.number == 3)
        #expect(try desk.complete(third))
        #expect(try desk.claim().map(\.number) == [4])
    }

    @Test func `a worker's death leaves the key with the job it died with`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1, options("k"))
        try desk.enqueue(2, options("k"))
        #expect(try desk.claim().map(\.number) == [1])
        let again = try desk.register(node: "a")
        try desk.rescue(own: again)
        #expect(try desk.claim(worker: again).map(\.number) == [1])
    }
}
