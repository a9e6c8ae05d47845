import Jobs
import Testing
import TradingCore

@Suite struct FailureTests {
    @Test(arguments: [
        (Backoff.none, [0, 0, 0] as [Int64]),
        (.fixed(.seconds(10)), [10_000, 10_000, 10_000]),
        (.exponential(.seconds(5)), [5_000, 15_000, 35_000, 75_000, 155_000]),
        (.exponential(.seconds(5), maximum: .seconds(20)), [5_000, 15_000, 20_000, 20_000]),
    ])
    func `a backoff waits as Bull does`(_ backoff: Backoff, _ milliseconds: [Int64]) {
        for (index, expected) in milliseconds.enumerated() {
            #expect(backoff.delay(afterFailures: index + 1, seed: 1) == Nanoseconds.milliseconds(expected))
        }
    }

    @Test func `an exponential backoff never overflows`() {
        for failures in [1, 30, 62, 63, 64, 1_000, .max] {
            let delay = Backoff.exponential(.seconds(1), jitter: 1).delay(afterFailures: failures, seed: 7)
            #expect((Nanoseconds.perSecond...2 * Nanoseconds.perDay).contains(delay))
        }
        let endless = Backoff.exponential(.seconds(1 << 40), maximum: .seconds(1 << 40), jitter: 1)
        #expect(endless.delay(afterFailures: 5, seed: 1) == .max)
    }

    @Test func `jitter adds up to its share, spread, and the same for the same seed`() {
        let backoff = Backoff.fixed(.seconds(10), jitter: 0.5)
        let delays = (0..<1_000).map { backoff.delay(afterFailures: 1, seed: $0) }
        #expect(delays == (0..<1_000).map { backoff.delay(afterFailures: 1, seed: $0) })
        #expect(delays.allSatisfy { (Nanoseconds.seconds(10)..<Nanoseconds.seconds(15)).contains($0) })
        #expect(Set(delays).count > 990)
        let mean = delays.reduce(0, +) / 1_000
        #expect((Nanoseconds.milliseconds(12_300)...Nanoseconds.milliseconds(12_700)).contains(mean))
    }

    @Test func `a job is tried as often as it may, each time after its backoff, then it is a dead letter`() async throws
    {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1, JobOptions(attempts: 3, backoff: .exponential(.seconds(5))))
        for (attempt, wait) in [(1, 5), (2, 15)] {
            let claimed = try #require(try desk.claim().first)
            #expect(claimed.run.attempt == attempt)
            #expect(!claimed.run.isLastAttempt)
            #expect(try desk.fail(claimed, reason: "no. \(attempt)") == .delayed)
            desk.pass(.seconds(wait) - .nanoseconds(1))
            #expect(try desk.claim().isEmpty)
            desk.pass(.nanoseconds(1))
        }
        let last = try #require(try desk.claim().first)
        #expect(last.run.isLastAttempt)
        #expect(try desk.fail(last, reason: "no. 3") == .dead)
        let record = try #require(try desk.record(job.id))
        #expect(record.failures == 3)
        #expect(record.reason == "no. 3")
        desk.pass(.seconds(86_400))
        #expect(try desk.claim().isEmpty)
    }

    @Test(arguments: [
        (JobDisposition.retry(), JobState.delayed, 1), (.retry(after: .seconds(3)), .delayed, 1),
        (.snooze(.seconds(3)), .delayed, 0), (.discard, .discarded, 1), (.deadLetter, .dead, 1),
    ])
    func `an error decides what becomes of its job`(
        _ disposition: JobDisposition, _ state: JobState, _ failures: Int
    ) async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1, JobOptions(attempts: 2, backoff: .fixed(.seconds(1))))
        let claimed = try #require(try desk.claim().first)
        #expect(try desk.fail(claimed, disposition) == state)
        #expect(try desk.record(job.id)?.failures == failures)
    }

    @Test func `snoozing uses up no attempt, however often`() async throws {
        let desk = try await JobDesk()
        try desk.enqueue(1)
        for _ in 0..<50 {
            let claimed = try #require(try desk.claim().first)
            #expect(claimed.run.attempt == 1)
            #expect(try desk.fail(claimed, .snooze(.seconds(10))) == .delayed)
            #expect(try desk.claim().isEmpty)
            desk.pass(.seconds(10))
        }
        #expect(try desk.complete(try #require(try desk.claim().first)))
    }

    @Test func `a job may be discarded rather than kept when its attempts are used up`() async throws {
        let desk = try await JobDesk()
        let kept = try desk.enqueue(1, JobOptions(exhaustion: .discard))
        let removed = try desk.enqueue(2, JobOptions(exhaustion: .discard, isRemovedWhenFinished: true))
        for claimed in try desk.claim() { #expect(try desk.fail(claimed) == .discarded) }
        #expect(try desk.record(kept.id)?.reason == "broken")
        #expect(try desk.record(removed.id) == nil)
    }

    @Test func `a long reason is cut between characters`() async throws {
        let desk = try await JobDesk()
        let job = try desk.enqueue(1)
        try desk.fail(try #require(try desk.claim().first), reason: "x" + String(repeating: "é", count: 5_000))
        let reason = try #require(try desk.record(job.id)?.reason)
        #expect(reason.utf8.count == 4_095)
        #expect(reason.hasSuffix("é"))
    }
}
