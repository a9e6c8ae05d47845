import Jobs
import Persistence
import Scheduling
import Testing
import TradingCore

/// Random operations on a queue, each compared with what ``JobModel`` says.
@Suite struct JobPropertyTests {
    @Test(arguments: 0..<24)
    func `a queue does what the naive one does`(_ seed: UInt64) async throws {
        var run = try await JobPropertyRun(seed: seed)
        for step in 0..<300 {
            try run.step()
            try run.compare("seed \(seed), step \(step)")
        }
        for (from, to) in run.model.transitions {
            #expect(from.successors.contains(to), "seed \(seed): \(from) to \(to) is not in the table")
        }
    }
}

private struct JobPropertyRun {
    let desk: JobDesk
    var model = JobModel()
    var random: SplitMix64
    var claimed: [ClaimedJob] = []
    var worker: JobWorkerID

    init(seed: UInt64) async throws {
        desk = try await JobDesk()
        random = SplitMix64(seed: seed)
        worker = desk.worker
    }

    mutating func below(_ bound: Int) -> Int { Int(random.below(UInt64(bound))) }

    mutating func step() throws {
        switch below(20) {
        case 0..<6: try enqueue()
        case 6..<9: try claim()
        case 9..<12: try endOne { try $0.complete($1) }
        case 12..<14: try failOne()
        case 14: desk.pass(.seconds(below(20)))
        case 15: try cancel()
        case 16, 17: try decideDeadLetter()
        case 18: try release()
        default: try restart()
        }
    }

    private mutating func enqueue() throws {
        var options = JobOptions(
            attempts: 1 + below(3), backoff: below(2) == 0 ? .none : .fixed(.seconds(3)), priority: below(3),
            maximumRescues: below(3))
        if below(4) == 0 { options.id = "id-\(below(12))" }
        if below(2) == 0 { options.serialKey = "key-\(below(3))" }
        if below(4) == 0 { options.start = .after(.seconds(below(15))) }
        options.exhaustion = below(4) == 0 ? .discard : .deadLetter
        options.deadLetterHoldsKey = below(3) != 0
        options.isRemovedWhenFinished = below(3) == 0
        let enqueued = try desk.enqueue(0, options)
        if let existing = model.existing(options.id) {
            #expect(!enqueued.isNew && enqueued.id == existing.id && enqueued.state == existing.state)
        } else {
            #expect(enqueued.isNew)
            let delay = if case .after(let delay) = options.start { delay.components.seconds } else { Int64(0) }
            let runAt = desk.now.advanced(byNanoseconds: delay * Nanoseconds.perSecond)
            model.enqueue(enqueued.id, options, runAt: runAt, now: desk.now)
        }
    }

    private mutating func claim() throws {
        let limit = 1 + below(4)
        let jobs = try desk.claim(limit, worker: worker)
        #expect(jobs.map(\.id) == model.claim(limit, worker, now: desk.now))
        claimed += jobs
    }

    /// One of the leases ever given: it counts only while it is the job's newest.
    private mutating func anyLease() -> (job: ClaimedJob, index: Int, isHeld: Bool)? {
        guard !claimed.isEmpty else { return nil }
        let job = claimed[below(claimed.count)]
        guard let index = model.index(job.id) else { return nil }
        let newest = claimed.last { $0.id == job.id }
        return (job, index, model.jobs[index].state == .running && newest?.lease == job.lease)
    }

    private mutating func endOne(_ end: (JobDesk, ClaimedJob) throws -> Bool) throws {
        guard let (job, index, isHeld) = anyLease() else { return }
        #expect(try end(desk, job) == isHeld)
        if isHeld { model.move(index, to: .completed, desk.now) }
    }

    private mutating func failOne() throws {
        guard let (job, index, isHeld) = anyLease() else { return }
        let disposition: JobDisposition =
            switch below(6) {
            case 0: .discard
            case 1: .deadLetter
            case 2: .snooze(.seconds(4))
            default: .retry()
            }
        let state = try desk.fail(job, disposition)
        guard isHeld else {
            #expect(state == nil)
            return
        }
        let options = model.jobs[index].options
        var expected = JobState.delayed
        var wait: Int64 = options.backoff == .none ? 0 : 3
        switch disposition {
        case .discard: expected = .discarded
        case .deadLetter: expected = .dead
        case .snooze: wait = 4
        case .retry:
            model.jobs[index].failures += 1
            if model.jobs[index].failures >= options.attempts {
                expected = options.exhaustion == .discard ? .discarded : .dead
            }
        }
        if model.jobs[index].cancelRequested { expected = .cancelled }
        #expect(state == expected)
        model.move(index, to: expected, desk.now)
        if expected == .delayed {
            model.jobs[index].runAt = desk.now.advanced(byNanoseconds: wait * Nanoseconds.perSecond)
        }
    }

    private mutating func cancel() throws {
        guard !model.jobs.isEmpty else { return }
        let index = below(model.jobs.count)
        let (job, now) = (model.jobs[index], desk.now)
        let answer = try desk.store { try $0.cancel(job.id, now: now) }
        if !job.isLive {
            #expect(answer == .tooLate)
        } else if job.state == .running {
            #expect(answer == .requested)
            model.jobs[index].cancelRequested = true
        } else {
            #expect(answer == .cancelled)
            model.move(index, to: job.state == .dead ? .discarded : .cancelled, now)
        }
    }

    private mutating func decideDeadLetter() throws {
        let dead = model.jobs.indices.filter { model.jobs[$0].state == .dead }
        guard !dead.isEmpty else { return }
        let index = dead[below(dead.count)]
        let (job, now) = (model.jobs[index], desk.now)
        if below(2) == 0 {
            #expect(try desk.store { try $0.discard(job.id, now: now) })
            model.move(index, to: .discarded, now)
            return
        }
        #expect(try desk.store { try $0.retry(job.id, now: now) })
        let key = job.options.serialKey
        let isBehind = !job.holdsKey && key != nil && model.jobs.contains { $0.key == key }
        model.move(index, to: isBehind ? .waiting : .ready, now)
        model.jobs[index].holdsKey = true
        (model.jobs[index].failures, model.jobs[index].rescues) = (0, 0)
        model.jobs[index].runAt = now
    }

    private mutating func release() throws {
        guard let (job, index, isHeld) = anyLease() else { return }
        let now = desk.now
        let state = try desk.store { try $0.release(job, now: now) }
        guard isHeld else {
            #expect(state == nil)
            return
        }
        let expected: JobState = model.jobs[index].cancelRequested ? .cancelled : .ready
        #expect(state == expected)
        model.move(index, to: expected, now)
    }

    /// The process dies and starts again.
    private mutating func restart() throws {
        let next = try desk.register(node: "a")
        while try desk.rescue(own: next, limit: 1 + below(3)).isMore {}
        for index in model.jobs.indices where model.jobs[index].state == .running {
            let job = model.jobs[index]
            let state: JobState =
                job.cancelRequested ? .cancelled : job.rescues < job.options.maximumRescues ? .ready : .dead
            model.jobs[index].rescues += 1
            model.move(index, to: state, desk.now)
        }
        worker = next
    }

    func compare(_ context: String) throws {
        let stored = try desk.database.transact { transaction in
            try transaction.rows("SELECT id, state FROM jobs ORDER BY id").map {
                "\(try $0.get(0, as: Int64.self)) \(try $0.get(1, as: JobState.self))"
            }
        }
        #expect(stored == model.jobs.filter { !$0.isGone }.map { "\($0.id) \($0.state)" }, "\(context)")
        let running = model.jobs.filter { $0.state == .running }.compactMap(\.options.serialKey)
        #expect(Set(running).count == running.count, "\(context): two jobs of a key run")
    }
}
