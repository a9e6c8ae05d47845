import Testing
import TradingCore

@testable import Jobs

@Suite struct QueueStateMachineTests {
    private let second = Nanoseconds.perSecond
    private func at(_ seconds: Int64) -> Timestamp { Timestamp(nanoseconds: seconds * second) }

    private func machine(concurrency: Int = 4, maximumBatch: Int = 100) -> QueueStateMachine {
        QueueStateMachine(
            concurrency: concurrency, maximumBatch: maximumBatch, pollInterval: 2 * second, retryInterval: second)
    }

    /// One that has looked at second 0 and found `count`.
    private func idle(_ count: Int = 0, nextDue: Timestamp? = nil, opensAt: Timestamp? = nil) -> QueueStateMachine {
        var machine = machine()
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: true))
        machine.claimed(count, isMore: false, nextDue: nextDue, opensAt: opensAt, now: at(0))
        return machine
    }

    @Test func `it looks at once, then at word, at the next due time, and after the poll interval`() {
        var machine = idle(nextDue: at(1))
        #expect(machine.next(at(0)) == .wait(until: at(1)))
        machine.word()
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: false))
        machine.claimed(0, isMore: false, nextDue: at(1), opensAt: nil, now: at(0))
        #expect(machine.next(at(1)) == .claim(limit: 4, promotesDue: true))
        machine.claimed(0, isMore: false, nextDue: nil, opensAt: nil, now: at(1))
        #expect(machine.next(at(2)) == .wait(until: at(3)))
        #expect(machine.next(at(3)) == .claim(limit: 4, promotesDue: false))
    }

    @Test func `it looks again at once when it saw more than it asked for, as far as slots are free`() {
        var machine = machine(concurrency: 5, maximumBatch: 2)
        for limit in [2, 2, 1] {
            #expect(machine.next(at(0)) == .claim(limit: limit, promotesDue: limit == 2 && machine.running == 0))
            machine.claimed(limit, isMore: true, nextDue: nil, opensAt: nil, now: at(0))
        }
        #expect(machine.next(at(99)) == .wait(until: .distantFuture), "not even the poll")
        machine.returned()
        #expect(machine.next(at(99)) == .claim(limit: 1, promotesDue: false))
    }

    @Test func `with all there was it does not look again when a slot becomes free`() {
        var machine = machine(concurrency: 1)
        #expect(machine.next(at(0)) == .claim(limit: 1, promotesDue: true))
        machine.claimed(1, isMore: false, nextDue: nil, opensAt: nil, now: at(0))
        #expect(!machine.isAwake(at(0)))
        machine.returned()
        #expect(!machine.isAwake(at(0)) && machine.nextLook == at(2))
        #expect(machine.next(at(0)) == .wait(until: at(2)))
        #expect(machine.isAwake(at(2)))
    }

    @Test func `a claim whose transaction was not committed is made again at once`() {
        var machine = machine()
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: true))
        machine.claimCalledOff()
        #expect(machine.isAwake(at(0)))
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: true))
    }

    @Test func `a slot is free when the handler returns, the drain ends when its end is stored`() {
        var machine = idle(1)
        machine.drain()
        machine.returned()
        #expect(machine.running == 0)
        #expect(machine.next(at(0)) == .wait(until: .distantFuture))
        machine.settled()
        #expect(machine.next(at(0)) == .finished)
    }

    @Test func `it never looks twice at the same time, and not while draining`() {
        var machine = machine()
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: true))
        machine.word()
        machine.drain()
        #expect(machine.next(at(0)) == .wait(until: .distantFuture))
        machine.claimed(0, isMore: false, nextDue: nil, opensAt: nil, now: at(0))
        #expect(machine.next(at(0)) == .finished)
    }

    @Test func `word that comes during a look is not lost`() {
        var machine = machine()
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: true))
        machine.word()
        machine.claimed(0, isMore: false, nextDue: nil, opensAt: nil, now: at(0))
        #expect(machine.next(at(0)) == .claim(limit: 4, promotesDue: false))
    }

    @Test func `a closed rate and a failed look are waited for, whatever else happens`() {
        var machine = idle(1, opensAt: at(1))
        machine.word()
        #expect(machine.next(at(0)) == .wait(until: at(1)))
        #expect(machine.next(at(1)) == .claim(limit: 3, promotesDue: false))
        machine.claimFailed(at(1))
        machine.word()
        #expect(machine.next(at(1)) == .wait(until: at(2)))
        #expect(machine.next(at(2)) == .claim(limit: 3, promotesDue: false))
    }
}
