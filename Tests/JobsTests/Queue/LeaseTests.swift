import Jobs
import Persistence
import Testing
import TradingCore

@Suite struct LeaseTests {
    @Test func `a worker that lost its lease changes nothing and is told so`() async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1, JobOptions(attempts: 5))
        let first = try #require(try desk.claim().first)
        let other = try desk.register(node: "b")
        desk.pass(.seconds(6))
        let now = desk.now
        #expect(try desk.workers { try $0.heartbeat(other, lease: .seconds(5), now: now) })
        #expect(try desk.rescue(own: other).jobs == [job.id])
        let second = try #require(try desk.claim(worker: other).first)
        #expect(second.lease.number > first.lease.number)

        #expect(try !desk.complete(first))
        #expect(try desk.fail(first) == nil)
        #expect(try desk.store { try $0.release(first, now: now) } == nil)
        #expect(try !desk.store { try $0.progress(first.lease, "half") })
        let record = try #require(try desk.record(job.id))
        #expect(record.state == .running)
        #expect(record.failures == 0)
        #expect(record.progress == nil)

        #expect(try desk.complete(second))
        #expect(try !desk.complete(second), "a completed job is completed once")
    }

    /// The answer to its claim was lost, so it holds what it knows nothing of, for as long as it lives.
    @Test func `a job that its living worker knows nothing of is given back once its claim can be on its way no more`()
        async throws
    {
        let desk = try await JobDesk()
        for number in 1...3 { try desk.enqueue(number) }
        let known = try #require(try desk.claim(1).first)
        let lost = try #require(try desk.claim(1).first)
        desk.pass(.seconds(6))
        let fresh = try #require(try desk.claim(1).first)
        let (worker, now) = (desk.worker, desk.now)
        let strays = try desk.workers {
            try $0.giveBackStrays(
                of: worker, working: [known.lease], claimedBefore: now.advanced(byNanoseconds: -5_000_000_000),
                now: now)
        }
        #expect(strays == [lost.id])
        let record = try #require(try desk.record(lost.id))
        #expect((record.state, record.rescues, record.failures) == (.ready, 0, 0))
        #expect(try desk.claim().map(\.id) == [lost.id])
        #expect(try !desk.complete(lost), "the lost claim's lease is over")
        #expect(try desk.complete(known))
        #expect(try desk.complete(fresh))
    }

    @Test func `a process that starts again takes its own back at once, others wait for the lease`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1)
        #expect(try desk.claim().count == 1)
        let other = try desk.register(node: "b")
        #expect(try desk.rescue(own: other).jobs.isEmpty, "its lease has not run out")
        let again = try desk.register(node: "a")
        #expect(try desk.rescue(own: again).jobs.count == 1)
        let job = try #require(try desk.claim(worker: again).first)
        #expect(job.run.rescues == 1)
        #expect(job.run.attempt == 1, "a dead worker uses up no attempt")
    }

    @Test func `who owns the database alone takes over everything at once`() async throws {
        let desk = try await JobDesk()
        for number in 1...3 { try desk.enqueue(number) }
        let other = try desk.register(node: "b")
        #expect(try desk.claim(2).count == 2)
        #expect(try desk.claim(1, worker: other).count == 1)
        let owner = try desk.register(node: "c", ownsDatabase: true)
        var rescued = 0
        var isMore = true
        while isMore {
            let rescue = try desk.rescue(own: owner, limit: 1)
            #expect(rescue.jobs.count <= 1, "a rescue is bounded")
            rescued += rescue.jobs.count
            isMore = rescue.isMore
        }
        #expect(rescued == 3)
        #expect(try desk.claim(worker: owner).count == 3)
    }

    @Test func `a worker given up for dead can lease nothing and hears of it at its next heartbeat`() async throws {
        let desk = try await JobDesk()
        let again = try desk.register(node: "a")
        try desk.enqueue(1)
        #expect(try desk.claim().isEmpty)
        let (now, old) = (desk.now, desk.worker)
        #expect(try !desk.workers { try $0.heartbeat(old, lease: .seconds(5), now: now) })
        #expect(try desk.claim(worker: again).count == 1)
    }

    @Test func `a late heartbeat revives a lease that nobody took`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1)
        let job = try #require(try desk.claim().first)
        desk.pass(.seconds(60))
        let (now, own) = (desk.now, desk.worker)
        #expect(try desk.workers { try $0.heartbeat(own, lease: .seconds(5), now: now) })
        let other = try desk.register(node: "b")
        #expect(try desk.rescue(own: other).jobs.isEmpty)
        #expect(try desk.complete(job))
    }

    @Test func `a job that kills one worker after another becomes a dead letter`() async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1, JobOptions(attempts: 1, maximumRescues: 2))
        var worker = desk.worker
        for rescues in 0...2 {
            let claimed = try #require(try desk.claim(worker: worker).first)
            #expect(claimed.run.rescues == rescues)
            worker = try desk.register(node: "a")
            let rescue = try desk.rescue(own: worker)
            #expect(rescue.jobs == [job.id])
            #expect(rescue.ended == (rescues == 2 ? [job.id] : []))
        }
        let record = try #require(try desk.record(job.id))
        #expect(record.state == .dead)
        #expect(record.reason?.contains("died") == true)
    }

    /// A newer program, or a hand, has stored what this one cannot read.
    @Test func `a job whose backoff cannot be read is a dead letter, and keeps no other from being rescued`()
        async throws
    {
        let desk = try await JobDesk()
        let jobs = try (1...3).map { try desk.enqueue($0, JobOptions(attempts: 9, serialKey: $0 == 2 ? "k" : nil)) }
        let successor = try desk.enqueue(4, JobOptions(serialKey: "k", deadLetterHoldsKey: false))
        #expect(try desk.claim().map(\.number) == [1, 2, 3])
        let bad = jobs[1].id.rawValue
        try desk.database.transact { transaction in
            _ = try transaction.execute("UPDATE jobs SET backoff = 'fibonacci 5' WHERE id = \(bad)")
        }
        let again = try desk.register(node: "a")
        let rescue = try desk.rescue(own: again)
        #expect(rescue.jobs == jobs.map(\.id))
        #expect(rescue.ended == [jobs[1].id])
        let record = try #require(try desk.record(jobs[1].id))
        #expect(record.state == .dead)
        let cause = "worker \(desk.worker.rawValue) on a died"
        #expect(record.reason == "its backoff cannot be read: fibonacci 5; its attempt ended: \(cause)")
        #expect(try desk.state(successor) == .waiting, "a dead letter holds its key until an operator decides")
        #expect(try desk.claim(worker: again).map(\.number) == [1, 3])
        let now = desk.now
        #expect(try desk.store { try $0.discard(jobs[1].id, now: now) })
        #expect(try desk.claim(worker: again).map(\.number) == [4])
    }

    @Test func `an attempt that fails at a job whose backoff cannot be read ends it`() async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1, JobOptions(attempts: 9))
        let claimed = try #require(try desk.claim().first)
        try desk.database.transact { _ = try $0.execute("UPDATE jobs SET backoff = ''") }
        #expect(try desk.fail(claimed, .deadLetter, reason: "no handler for jobs of kind test.note") == .dead)
        let reason = try #require(try desk.record(job.id)?.reason)
        #expect(reason.hasPrefix("its backoff cannot be read: "))
        #expect(reason.contains("no handler for jobs of kind test.note"), "the true cause is told as well")
    }

    @Test func `a worker that leaves gives back what it holds, nothing used up`() async throws {
        let desk = try await JobDesk()
        for number in 1...3 { try desk.enqueue(number) }
        #expect(try desk.claim().count == 3)
        let (now, own) = (desk.now, desk.worker)
        try desk.workers { try $0.leave(own, now: now) }
        let other = try desk.register(node: "b")
        let jobs = try desk.claim(worker: other)
        #expect(jobs.map(\.number) == [1, 2, 3])
        #expect(jobs.allSatisfy { $0.run.attempt == 1 && $0.run.rescues == 0 })
    }
}
