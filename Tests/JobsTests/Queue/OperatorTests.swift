import Jobs
import Persistence
import Testing
import TradingCore

@Suite struct OperatorTests {
    @Test(arguments: [
        (JobState.ready, JobStore.Cancellation.cancelled, JobState.cancelled),
        (.delayed, .cancelled, .cancelled), (.waiting, .cancelled, .cancelled), (.running, .requested, .running),
        (.dead, .cancelled, .discarded), (.completed, .tooLate, .completed), (.discarded, .tooLate, .discarded),
        (.cancelled, .tooLate, .cancelled),
    ])
    func `cancelling does what the job's state allows`(
        _ state: JobState, _ answer: JobStore.Cancellation, _ after: JobState
    ) async throws {
        let desk = try await JobDesk()
        let job = try desk.job(in: state)
        let now = desk.now
        #expect(try desk.store { try $0.cancel(job.id, now: now) } == answer)
        #expect(try desk.state(job) == after)
    }

    @Test
    func `a running job that was to be cancelled ends cancelled when it fails, its worker dies or it is given back`()
        async throws
    {
        let desk = try await JobDesk()
        let jobs = try (1...4).map { try desk.enqueue($0, JobOptions(attempts: 9)) }
        let claimed = try desk.claim()
        let now = desk.now
        for job in jobs { #expect(try desk.store { try $0.cancel(job.id, now: now) } == .requested) }
        #expect(try desk.fail(claimed[0]) == .cancelled)
        #expect(try desk.store { try $0.release(claimed[1], now: now) } == .cancelled)
        #expect(try desk.complete(claimed[2]), "what was done is done")
        try desk.rescue(own: try desk.register(node: "a"))
        #expect(try jobs.map { try desk.state($0) } == [.cancelled, .cancelled, .completed, .cancelled])
    }

    @Test func `only dead letters are retried or discarded`() async throws {
        for state in JobState.allCases where state != .dead {
            let desk = try await JobDesk()
            let job = try desk.job(in: state)
            let now = desk.now
            #expect(try !desk.store { try $0.retry(job.id, now: now) })
            #expect(try !desk.store { try $0.discard(job.id, now: now) })
            #expect(try desk.state(job) == state)
        }
        let desk = try await JobDesk()
        let now = desk.now
        #expect(try !desk.store { try $0.retry(JobID(rawValue: 404), now: now) })
    }

    @Test func `a retried dead letter has all its attempts again`() async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1, JobOptions(attempts: 2))
        for round in 0..<2 {
            for attempt in 1...2 {
                let claimed = try #require(try desk.claim().first)
                #expect(claimed.run.attempt == attempt)
                try desk.fail(claimed)
            }
            #expect(try desk.state(job) == .dead)
            let now = desk.now
            if round == 0 { #expect(try desk.store { try $0.retry(job.id, now: now) }) }
        }
    }

    @Test func `nothing starts from a paused queue until it is resumed`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1)
        let now = desk.now
        for _ in 0..<2 { try desk.store { try $0.pause(Note.queue, now: now) } }
        #expect(try desk.claim().isEmpty)
        #expect(try desk.depth().isPaused)
        try desk.store { try $0.resume(Note.queue) }
        #expect(try desk.claim().count == 1)
        #expect(try desk.store { try $0.pausedQueues() }.isEmpty)
    }

    @Test func `every state is listed page by page, finished ones newest first`() async throws {
        for state in JobState.allCases {
            let desk = try await JobDesk()
            var ids: [JobID] = []
            if state == .waiting { try desk.enqueue(0, JobOptions(start: .after(.seconds(9)), serialKey: "key")) }
            for number in 0..<25 {
                let job =
                    state == .waiting
                    ? try desk.enqueue(number, JobOptions(serialKey: "key")) : try desk.job(in: state)
                ids.append(job.id)
                // Some finish at the same moment, so that the time alone does not order them.
                if number.isMultiple(of: 3) { desk.pass(.seconds(1)) }
            }
            if state.isFinished { ids.reverse() }
            var listed: [JobRecord] = []
            while case let page = try desk.store({ try $0.jobs(Note.queue, state, after: listed.last, limit: 10) }),
                !page.isEmpty
            {
                #expect(page.count <= 10)
                listed += page
            }
            #expect(listed.map(\.id) == ids, "\(state)")
            #expect(listed.allSatisfy { $0.state == state })
        }
    }

    @Test func `a queue's depth counts each state and tells the oldest`() async throws {
        let desk = try await JobDesk()
        let states: [JobState] = [.running, .dead, .completed, .discarded, .cancelled, .waiting, .delayed]
        for state in states { _ = try desk.job(in: state) }
        let since = desk.now
        try desk.enqueue(1, JobOptions(priority: 7))
        desk.pass(.seconds(30))
        try desk.enqueue(2, JobOptions(priority: -7))
        let depth = try desk.depth()
        #expect(
            [depth.running, depth.dead, depth.completed, depth.discarded, depth.cancelled, depth.waiting]
                == [1, 1, 1, 1, 1, 1])
        #expect(depth.delayed == 2, "the one that holds the key of the waiting one, too")
        #expect(depth.ready == 2)
        #expect(depth.oldestReady == since)
    }

    @Test func `retention removes finished jobs by age and by number, bounded, and never a dead letter (H44)`()
        async throws
    {
        let desk = try await JobDesk()
        for _ in 0..<20 {
            _ = try desk.job(in: .completed)
            _ = try desk.job(in: .dead)
            desk.pass(.seconds(1))
        }
        func sweep(_ retention: Duration?, _ maximum: Int?, limit: Int = 100) throws -> Int {
            let now = desk.now
            let queue = QueueConfiguration(Note.queue, retention: retention, maximumFinished: maximum)
            return try desk.store { try $0.removeFinished(queue, limit: limit, now: now) }
        }
        #expect(try sweep(nil, nil) == 0)
        #expect(try sweep(.seconds(16), nil, limit: 3) == 3)
        #expect(try sweep(.seconds(16), nil) == 2)
        #expect(try desk.depth().completed == 15)
        #expect(try sweep(nil, 10) == 5)
        #expect(try sweep(nil, 10) == 0)
        #expect(try desk.depth().completed == 10)
        #expect(try desk.depth().dead == 20)
    }

    @Test func `a dead letter tells when it died, until it is retried`() async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1)
        let claimed = try #require(try desk.claim().first)
        desk.pass(.seconds(7))
        let died = desk.now
        #expect(try desk.fail(claimed) == .dead)
        desk.pass(.seconds(7))
        #expect(try desk.record(job.id)?.diedAt == died)
        let now = desk.now
        #expect(try desk.store { try $0.retry(job.id, now: now) })
        #expect(try desk.record(job.id)?.diedAt == nil)
    }

    @Test func `a node whose clock is an hour ahead closes a queue for no longer than the queue's own period`()
        async throws
    {
        let desk = try await JobDesk()
        let ahead = try desk.register(node: "ahead")
        let rate = JobRate(count: 5, per: .seconds(1))
        for number in 0..<40 { try desk.enqueue(number) }
        func claim(_ worker: JobWorkerID, _ now: Timestamp) throws -> JobStore.Batch {
            try desk.store { try $0.claim(Note.queue, rate: rate, limit: 50, worker: worker, now: now) }
        }
        #expect(try claim(ahead, desk.now.advanced(byNanoseconds: Nanoseconds.seconds(3_600))).jobs.count == 5)
        let batch = try claim(desk.worker, desk.now)
        #expect(batch.jobs.isEmpty, "what the other one took is taken")
        #expect(batch.opensAt == desk.now.advanced(byNanoseconds: Nanoseconds.milliseconds(200)))
        var starts = 0
        for _ in 0..<20 {
            desk.pass(.milliseconds(50))
            starts += try claim(desk.worker, desk.now).jobs.count
        }
        #expect(starts == 5, "one every 200 ms, as ever")
    }

    @Test func `a rate lets a burst through, then one after another, over all workers`() async throws {
        let desk = try await JobDesk()
        let other = try desk.register(node: "b")
        for number in 0..<100 { try desk.enqueue(number) }
        var starts: [Int64] = []
        let begin = desk.now
        for step in 0..<200 {
            let (now, worker) = (desk.now, step.isMultiple(of: 2) ? desk.worker : other)
            let batch = try desk.store {
                try $0.claim(
                    Note.queue, rate: JobRate(count: 5, per: .seconds(1)), limit: 50, worker: worker, now: now)
            }
            starts += batch.jobs.map { _ in now.nanoseconds(since: begin) / Nanoseconds.perMillisecond }
            #expect((batch.opensAt ?? .distantFuture) > now)
            desk.pass(.milliseconds(50))
        }
        #expect(Array(starts.prefix(5)) == [0, 0, 0, 0, 0])
        #expect(starts.count == 5 + 49, "one every 200 ms for the rest of ten seconds")
        #expect(zip(starts.dropFirst(5), starts.dropFirst(6)).allSatisfy { $1 - $0 == 200 })
    }
}
