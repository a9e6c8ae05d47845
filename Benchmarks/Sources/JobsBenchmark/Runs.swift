import Foundation
import Jobs
import Persistence
import Scheduling
import TradingCore

/// Durable jobs, each its own call, transaction and durable completion, beside what one would write by hand on SQLite.
///
///     JobsBenchmark [FOLDER [throughput|single|latency|history|restart|postgres ...]]
///
/// `postgres` needs MRMARKET_BENCH_POSTGRES, the URL of an empty database.
/// FOLDER is where the databases go: on the disk that is to be measured, not on tmpfs.
struct Runs: Sendable {
    let folder: String
    let chosen: [String]
    let time = SystemTime()

    func isChosen(_ name: String) -> Bool { chosen.isEmpty || chosen.contains(name) }

    func report(_ work: String, _ count: Int, _ seconds: Double, processor: Double) {
        print(
            """
            {"work":"\(work)","jobs":\(count),"seconds":\(seconds),"perSecond":\(Int(Double(count) / seconds)),\
            "processorMicrosecondsPerJob":\(processor / Double(count) * 1e6)}
            """)
    }

    /// Where there is nothing yet.
    private func plainPath() -> String {
        let path = "\(folder)/jobs-plain.db"
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        return path
    }

    func plain(_ count: Int) throws {
        let path = plainPath()
        let loop = try PlainLoop(path: path)
        let processor = processorSeconds()
        let seconds = try loop.run(count, time)
        report("plain SQLite loop, one transaction per step", count, seconds, processor: processorSeconds() - processor)
        loop.close()
        _ = plainPath()
    }

    /// 64 callers, each enqueueing its next job when the one before is durable, beside a worker that runs 64 at a time.
    func throughput<Arguments: JobArguments>(
        _ work: String, _ count: Int, on bench: Bench, _ make: @escaping @Sendable (Int) -> Arguments
    ) async throws {
        let before = bench.completed
        let measurement = Measurement(self)
        try await withThrowingTaskGroup { group in
            for caller in 0..<64 {
                group.addTask {
                    for number in stride(from: caller, to: count, by: 64) { try await bench.enqueue(make(number)) }
                }
            }
            try await group.waitForAll()
        }
        try await bench.waitUntilCompleted(before + count)
        measurement.end(work, count)
    }

    func all() async throws {
        if isChosen("throughput") { try await throughput() }
        if chosen.contains("postgres") { try await postgres() }
        if isChosen("single") { try await single() }
        if isChosen("restart") { try Restart(folder: folder).measure(rounds: 5) }
        if chosen.contains("hold") { try await Restart(folder: folder).hold() }
        if isChosen("latency") { try await latency() }
        if isChosen("history") { try await history() }
    }

    private func throughput() async throws {
        try plain(5_000)
        let bench = try await Bench("jobs-throughput", folder: folder, concurrency: 64)
        for _ in 0..<3 {
            try await throughput("64 in flight", 50_000, on: bench) { _ in NoOp(number: -1) }
            try await throughput("64 in flight, within their completion's transaction", 50_000, on: bench) { _ in
                TransactionalNoOp(number: -1)
            }
        }
        await bench.close()
    }

    private func postgres() async throws {
        let url = ProcessInfo.processInfo.environment["MRMARKET_BENCH_POSTGRES"]
        let bench = try await Bench("unused", folder: folder, concurrency: 64, url: url)
        for _ in 0..<2 {
            try await throughput("PostgreSQL, 64 in flight", 10_000, on: bench) { _ in NoOp(number: -1) }
        }
        await bench.close()
    }

    /// In short turns, for a disk has good and bad minutes: what counts is each beside the loop. The loop has one thread; who
    /// calls from the writer's own, as what follows from commits does, has the same, and who calls from another wakes two for
    /// every job.
    private func single() async throws {
        let bench = try await Bench("jobs-single", folder: folder, concurrency: 1)
        var (loop, outside, within, alongside) = (Turns(self), Turns(self), Turns(self), Turns(self))
        var (immediate, immediateAlongside) = (Turns(self), Turns(self))
        let plain = try PlainLoop(path: plainPath())
        for _ in 0..<Self.turns {
            try await loop.measure { _ = try plain.run(Self.turn, time) }
            try await outside.measure { try await oneAtATime(bench) { NoOp(number: $0) } }
            try await within.measure { try await oneAtATime(bench) { TransactionalNoOp(number: $0) } }
            try await alongside.measure { try await onWritersThread(bench) { TransactionalNoOp(number: $0) } }
            try await immediate.measure { try await oneAtATime(bench) { ImmediateNoOp(number: $0) } }
            try await immediateAlongside.measure { try await onWritersThread(bench) { ImmediateNoOp(number: $0) } }
        }
        plain.close()
        _ = plainPath()
        await bench.close()
        loop.report("plain SQLite loop, one transaction per step", Self.turn)
        outside.report("one at a time, from enqueueing to durable completion", Self.turn, beside: loop)
        within.report("one at a time, within their completion's transaction", Self.turn, beside: loop)
        alongside.report("the same, called on the writer's thread", Self.turn, beside: loop)
        immediate.report("one at a time, done by the commit that enqueues them", Self.turn, beside: loop)
        immediateAlongside.report("the same, called on the writer's thread", Self.turn, beside: loop)
    }

    private func onWritersThread<Arguments: JobArguments>(
        _ bench: Bench, _ make: @escaping @Sendable (Int) -> Arguments
    ) async throws {
        let turn = Task(executorPreference: bench.database.executor) { try await oneAtATime(bench, make) }
        try await turn.value
    }

    private func oneAtATime<Arguments: JobArguments>(_ bench: Bench, _ make: (Int) -> Arguments) async throws {
        var ends = bench.ends.makeAsyncIterator()
        for number in 1...Self.turn {
            try await bench.enqueue(make(-number))
            _ = await ends.next()
        }
    }

    private static let turn = 500
    private static let turns = 20

    private func latency() async throws {
        let bench = try await Bench("jobs-latency", folder: folder, concurrency: 1)
        var ends = bench.ends.makeAsyncIterator()
        let later = time.now().advanced(byNanoseconds: Nanoseconds.perDay)
        for chunk in 0..<100 {
            try await bench.database.write { transaction in
                for number in 0..<100 {
                    let moment = later.advanced(byNanoseconds: Int64(chunk * 100 + number) * Nanoseconds.perSecond)
                    try JobStore(transaction: transaction).enqueue(
                        NoOp(number: -1), JobOptions(start: .at(moment)), now: time.now())
                }
            }
        }
        var waits: [Int64] = []
        for number in 0..<5_000 {
            try await bench.enqueue(NoOp(number: number))
            let committed = time.now().nanoseconds
            _ = await ends.next()
            waits.append(max(0, (bench.arrivals.moment(number) ?? committed) - committed))
            try await Task.sleep(for: .microseconds(500))
        }
        waits.sort()
        let now = time.now()
        let delayed = try await bench.database.read { transaction in
            try JobStore(transaction: transaction).depths(["bench"], now: now).map(\.delayed)
        }
        print(
            """
            {"work":"from commit to start, idle worker","delayed":\(delayed[0]),"jobs":\(waits.count),\
            "p50Microseconds":\(waits[waits.count / 2] / 1_000),"p99Microseconds":\(waits[waits.count * 99 / 100] / 1_000),\
            "maximumMicroseconds":\((waits.last ?? 0) / 1_000)}
            """)
        await bench.close()
    }

    private func history() async throws {
        let bench = try await Bench("jobs-history", folder: folder, concurrency: 64)
        var finished = 0
        for goal in [1_000, 100_000, 1_000_000] {
            try await fill(bench, goal - finished)
            finished = goal + 20_000
            try await throughput("64 in flight, \(goal) finished before", 20_000, on: bench) { _ in NoOp(number: -1) }
        }
        await bench.close()
    }

    /// Stores finished jobs as if they had been run.
    func fill(_ bench: Bench, _ count: Int) async throws {
        let worker = bench.worker.report.worker
        var left = count
        while left > 0, let worker {
            let batch = min(left, 500)
            try await bench.database.write { transaction in
                let store = JobStore(transaction: transaction)
                for _ in 0..<batch { try store.enqueue(Filler(), now: time.now()) }
                for job in try store.claim(Filler.queue, limit: batch, worker: worker, now: time.now()).jobs {
                    _ = try store.complete(job, now: time.now())
                }
                // Moved into the queue that the worker watches only now that they are finished.
                try transaction.execute(
                    "UPDATE jobs SET queue = 'bench' WHERE queue = 'filler' AND state = 'completed' AND finished_at > 0"
                )
            }
            left -= batch
        }
    }
}
