import Dispatch
import Glibc
import Scheduling
import Synchronization
import Testing

@testable import MarketMaking

@Suite struct InlineExecutorTests {
    /// What ran, and on which thread.
    final class Log: Sendable {
        private let lines = Mutex<[(number: Int, thread: pthread_t)]>([])

        func add(_ number: Int) { lines.withLock { $0.append((number, pthread_self())) } }
        var numbers: [Int] { lines.withLock { $0.map(\.number) } }
        var threads: [pthread_t] { lines.withLock { $0.map(\.thread) } }
    }

    actor Counter {
        let executor: InlineExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
        private(set) var count = 0
        private var isInside = false
        private(set) var overlaps = 0

        init(_ executor: InlineExecutor) { self.executor = executor }

        func add() {
            if isInside { overlaps += 1 }
            isInside = true
            count += 1
            isInside = false
        }
    }

    @Test func `work is done on the thread that brings it, before the call returns, and what it brings comes after it`()
    {
        let (executor, log) = (InlineExecutor(), Log())
        executor.performInline {
            executor.performInline { log.add(2) }
            log.add(1)
        }
        #expect(log.numbers == [1, 2])
        #expect(log.threads.allSatisfy { pthread_equal($0, pthread_self()) != 0 })
        #expect(executor.isIsolatingCurrentContext() == false)
    }

    @Test func `after sixteen pieces of work the pool takes over, in order`() async {
        let (executor, log, done) = (InlineExecutor(), Log(), Signal())
        let total = 2 * InlineExecutor.maximumInlineEntries
        let caller = pthread_self()
        executor.performInline {
            log.add(0)
            for number in 1..<total { executor.performInline { log.add(number) } }
            executor.performInline { done.raise() }
        }
        await done.wait()
        #expect(log.numbers == Array(0..<total))
        let here = log.threads.prefix { pthread_equal($0, caller) != 0 }.count
        #expect(here == InlineExecutor.maximumInlineEntries)
    }

    @Test func `what waits for the pool is done by a thread that comes first, and only once`() async {
        for _ in 0..<200 {
            let (executor, log) = (InlineExecutor(), Log())
            executor.perform { log.add(1) }
            executor.performInline { log.add(2) }
            let (last, done) = (Signal(), Signal())
            executor.perform { last.raise() }
            await last.wait()
            executor.perform { done.raise() }
            await done.wait()
            #expect(log.numbers == [1, 2])
        }
    }

    @Test func `calls, jobs and work of one actor never overlap, and all of them are done`() async {
        let executor = InlineExecutor()
        let counter = Counter(executor)
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<500 { await counter.add() } }
                group.addTask {
                    for _ in 0..<500 { executor.performInline { counter.assumeIsolated { $0.add() } } }
                }
                group.addTask { for _ in 0..<500 { executor.perform { counter.assumeIsolated { $0.add() } } } }
            }
        }
        // Behind everything that was asked for.
        let last = Signal()
        executor.perform { last.raise() }
        await last.wait()
        #expect(await counter.count == 6_000)
        #expect(await counter.overlaps == 0)
    }
}
