import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API

@Suite struct SharedLookTests {
    /// Looks that end when they are told to.
    private final class Looks: Sendable {
        private struct State {
            var begun = 0
            var gates: [CheckedContinuation<Void, Never>] = []
            var isOpen = false
        }

        private let state = Mutex(State())
        var begun: Int { state.withLock { $0.begun } }

        /// - Returns: the number of this look.
        func look() async -> Int {
            let number = state.withLock { state in
                state.begun += 1
                return state.begun
            }
            await withCheckedContinuation { gate in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.gates.append(gate) }
                    return state.isOpen
                }
                if isOpen { gate.resume() }
            }
            return number
        }

        func open() {
            let gates = state.withLock { state in
                state.isOpen = true
                defer { state.gates = [] }
                return state.gates
            }
            for gate in gates { gate.resume() }
        }
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)
        var value: Int { count.load(ordering: .sequentiallyConsistent) }

        @discardableResult
        func next() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }
    }

    @Test func `who asks while one looks is answered by the next look, all of them by one`() async {
        let looks = Looks()
        let shared = SharedLook(lasting: 0, time: SystemTime()) { await looks.look() }
        let first = Task { await shared() }
        while looks.begun == 0 { await Task.yield() }
        let asked = Counter()
        let others = (0..<20).map { _ in
            Task {
                asked.next()
                return await shared()
            }
        }
        while asked.value < 20 { await Task.yield() }
        looks.open()
        #expect(await first.value == 1)
        for other in others { #expect(await other.value >= 2) }
        #expect(looks.begun <= 21)
        #expect(await shared() == looks.begun)
    }

    @Test func `an answer is never older than its question, however many ask and give up`() async {
        let (now, looks) = (Counter(), Counter())
        let shared = SharedLook(lasting: 0, time: SystemTime()) {
            looks.next()
            let seen = now.value
            await Task.yield()
            return seen
        }
        await withTaskGroup { group in
            for asker in 0..<32 {
                group.addTask {
                    for round in 0..<100 {
                        let asked = now.next()
                        let question = Task { await shared() }
                        if (asker + round) % 7 == 0 { question.cancel() }
                        #expect(await question.value >= asked)
                    }
                }
            }
        }
        #expect(looks.value <= 3_200)
    }

    @Test func `a look answers those who ask within its time, from its beginning, and nobody later`() async {
        let (time, looks) = (ManualTime(Timestamp(nanoseconds: 1_000)), Counter())
        let shared = SharedLook(lasting: 5_000, time: time) {
            defer { time.advance(byNanoseconds: 2_000) }
            return looks.next()
        }
        #expect(await shared() == 1)
        time.advance(byNanoseconds: 2_999)
        #expect(await shared() == 1)
        time.advance(byNanoseconds: 1)
        #expect(await shared() == 2)
    }
}
