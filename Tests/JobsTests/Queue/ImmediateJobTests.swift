import Jobs
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

/// Jobs that are done by the very commit that makes them ready.
@Suite(.timeLimit(.minutes(10))) struct ImmediateJobTests {
    private struct AtOnce: JobArguments {
        static let kind = "test.at-once"
        static let queue: QueueName = "at-once"
        var number: Int
    }

    private struct AtOnceHandler: TransactionalJobHandler {
        static let isImmediate = true
        let body: @Sendable (Int, JobRun, any SQLTransaction) throws -> Void

        func perform(_ arguments: AtOnce, run: JobRun, transaction: any SQLTransaction) throws {
            try transaction.execute(
                "INSERT INTO effects (number, attempt) VALUES (\(arguments.number), \(run.attempt))")
            try body(arguments.number, run, transaction)
        }
    }

    private struct Refusal: Error {}

    /// Two queues on a clock that stands still: no poll finds what a word was lost of.
    private func withWorkers(
        concurrency: Int = 1, notesComeFirst: Bool = false,
        notes: @escaping @Sendable (Note) throws -> Void = { _ in },
        work body: @escaping @Sendable (Int, JobRun, any SQLTransaction) throws -> Void = { _, _, _ in },
        _ test: (any SQLDatabase, RunningWorker, SteppedTime) async throws -> Void
    ) async throws {
        try await withJobsDatabase(.sqlite) { database in
            try await database.write {
                _ = try $0.execute("CREATE TABLE effects (number INTEGER, attempt INTEGER) STRICT")
            }
            let time = SteppedTime()
            var handlers = JobHandlers()
            handlers.add(AtOnceHandler(body: body))
            let running = RunningWorker(
                database, QueueConfiguration(AtOnce.queue, concurrency: concurrency), time: time, handlers: handlers,
                {
                    // The first of the list is the first to ride.
                    $0.queues.insert(QueueConfiguration(Note.queue, concurrency: 1), at: notesComeFirst ? 0 : 1)
                }
            ) { note, _ in
                try notes(note)
                return .done
            }
            try await eventually("registered") { running.worker.report.worker != nil }
            // The first look of each queue is over, and every further one has its word.
            try await eventually("asleep") {
                running.registry.reports.filter { $0.name.hasPrefix("jobs: queue") }.allSatisfy { $0.nextRun != nil }
            }
            try await test(database, running, time)
            try await running.drain()
        }
    }

    private func counters(_ running: RunningWorker) -> JobCounters {
        running.worker.report.queues.first { $0.name == AtOnce.queue }?.counters ?? JobCounters()
    }

    private func states(_ database: any SQLDatabase) async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT state FROM jobs ORDER BY id").map { try $0.get(0) }
        }
    }

    private func effects(_ database: any SQLDatabase) async throws -> [[Int]] {
        try await database.read { transaction in
            try transaction.rows("SELECT number, attempt FROM effects ORDER BY number, attempt").map {
                [try $0.get(0), try $0.get(1)]
            }
        }
    }

    @Test func `whoever is told that its job is stored finds it done`() async throws {
        try await withWorkers { database, running, time in
            for number in 1...20 {
                try await database.write { transaction in
                    _ = try JobStore(transaction: transaction).enqueue(AtOnce(number: number), now: time.now())
                }
                #expect(try await states(database) == Array(repeating: "completed", count: number))
            }
            #expect(try await effects(database) == (1...20).map { [$0, 1] })
            try await eventually("counted") { counters(running).completed == 20 }
            #expect(counters(running).started == 20)
            #expect(running.worker.report.queues.allSatisfy { $0.running == 0 })
        }
    }

    @Test func `more than there are slots for are done, the others by the next commits`() async throws {
        try await withWorkers(concurrency: 2) { database, running, time in
            try await database.write { transaction in
                for number in 1...7 {
                    _ = try JobStore(transaction: transaction).enqueue(AtOnce(number: number), now: time.now())
                }
            }
            try await eventually("all") { counters(running).completed == 7 }
            #expect(try await effects(database) == (1...7).map { [$0, 1] })
        }
    }

    @Test func `one that fails takes back its own effect alone, and is tried again as any other`() async throws {
        try await withWorkers(
            concurrency: 4,
            work: { number, run, _ in
                if number == 2, run.attempt == 1 { throw Refusal() }
            }
        ) { database, running, time in
            try await database.write { transaction in
                try transaction.execute("INSERT INTO effects (number, attempt) VALUES (0, 0)")
                for number in 1...3 {
                    _ = try JobStore(transaction: transaction).enqueue(
                        AtOnce(number: number), JobOptions(attempts: 2, backoff: .fixed(.seconds(5))), now: time.now())
                }
            }
            try await eventually("the others") { counters(running).completed == 2 && counters(running).failed == 1 }
            #expect(try await effects(database) == [[0, 0], [1, 1], [3, 1]])
            #expect(try await states(database) == ["completed", "delayed", "completed"])
            time.advance(byNanoseconds: Nanoseconds.seconds(5))
            try await eventually("the second attempt") { counters(running).completed == 3 }
            #expect(try await effects(database) == [[0, 0], [1, 1], [2, 2], [3, 1]])
        }
    }

    @Test func `arguments that cannot be read make a dead letter, and nothing else is lost`() async throws {
        try await withWorkers { database, running, time in
            try await database.write { transaction in
                _ = try JobStore(transaction: transaction).enqueue(AtOnce(number: 1), now: time.now())
                try transaction.execute("UPDATE jobs SET arguments = '{}'")
            }
            try await eventually("dead") { counters(running).deadLettered == 1 }
            #expect(try await states(database) == ["dead"])
            #expect(try await effects(database) == [])
        }
    }

    @Test func `its successor under the serial key starts in another queue at once`() async throws {
        let diary = Diary()
        try await withWorkers(notes: { diary.write($0.number) }) { database, _, time in
            try await database.write { transaction in
                let (store, options) = (JobStore(transaction: transaction), JobOptions(serialKey: "order"))
                _ = try store.enqueue(AtOnce(number: 1), options, now: time.now())
                _ = try store.enqueue(Note(number: 2), options, now: time.now())
            }
            try await eventually("the successor") { diary.numbers == [2] }
            #expect(try await effects(database) == [[1, 1]])
        }
    }

    @Test func `a queue that has claimed in the same commit already hears of what it enqueues, and of successors`()
        async throws
    {
        let diary = Diary()
        try await withWorkers(
            notesComeFirst: true, notes: { diary.write($0.number) },
            work: { number, run, transaction in
                if number == 1 {
                    _ = try JobStore(transaction: transaction).enqueue(Note(number: 4), now: run.startedAt)
                }
            }
        ) { database, _, time in
            try await database.write { transaction in
                let store = JobStore(transaction: transaction)
                _ = try store.enqueue(Note(number: 3), now: time.now())
                _ = try store.enqueue(AtOnce(number: 1), now: time.now())
            }
            try await eventually("what it has enqueued") { diary.numbers == [3, 4] }
            try await database.write { transaction in
                let (store, options) = (JobStore(transaction: transaction), JobOptions(serialKey: "order"))
                _ = try store.enqueue(Note(number: 5), now: time.now())
                _ = try store.enqueue(AtOnce(number: 2), options, now: time.now())
                _ = try store.enqueue(Note(number: 6), options, now: time.now())
            }
            try await eventually("the successor") { diary.numbers == [3, 4, 5, 6] }
        }
    }

    @Test func `what it enqueues starts at once, in its own queue too`() async throws {
        let diary = Diary()
        try await withWorkers(
            notes: { diary.write($0.number) },
            work: { number, run, transaction in
                let store = JobStore(transaction: transaction)
                if number < 5 { _ = try store.enqueue(AtOnce(number: number + 1), now: run.startedAt) }
                if number == 5 { _ = try store.enqueue(Note(number: 6), now: run.startedAt) }
            }
        ) { database, _, time in
            try await database.write { transaction in
                _ = try JobStore(transaction: transaction).enqueue(AtOnce(number: 1), now: time.now())
            }
            try await eventually("the last") { diary.numbers == [6] }
            #expect(try await effects(database) == (1...5).map { [$0, 1] })
        }
    }

    @Test func `one that never stops is refused its next statement when its time is over`() async throws {
        let rounds = Mutex(0)
        try await withWorkers(work: { _, run, transaction in
            while run.attempt == 1 {
                _ = try transaction.row("SELECT COUNT(*) FROM effects")
                rounds.withLock { $0 += 1 }
            }
        }) { database, running, time in
            async let enqueued: Void = database.write { transaction in
                _ = try JobStore(transaction: transaction).enqueue(
                    AtOnce(number: 1), JobOptions(attempts: 2), now: time.now())
            }
            // The attempt within the enqueuer's commit, and the one that counts.
            for _ in 1...2 {
                let before = rounds.withLock { $0 }
                try await eventually("at work") { rounds.withLock { $0 } > before }
                time.advance(byNanoseconds: Nanoseconds.seconds(10))
            }
            try await enqueued
            try await eventually("completed") {
                time.advance(byNanoseconds: Nanoseconds.seconds(10))
                return counters(running).completed == 1
            }
            #expect(try await effects(database) == [[1, 2]])
            #expect(counters(running).timedOut == 1, "what was taken back is no attempt")
        }
    }

    @Test func `it is told as at work while it has the writer`() async throws {
        let isIn = Mutex(false)
        let mayGo = Mutex(false)
        try await withWorkers(work: { _, _, transaction in
            isIn.withLock { $0 = true }
            while !mayGo.withLock({ $0 }) { _ = try transaction.row("SELECT 1") }
        }) { database, running, time in
            async let enqueued: Void = database.write { transaction in
                _ = try JobStore(transaction: transaction).enqueue(AtOnce(number: 1), now: time.now())
            }
            try await eventually("in") { isIn.withLock { $0 } }
            let limit = time.now().advanced(byNanoseconds: Nanoseconds.seconds(10))
            try await eventually("its limit is watched") {
                running.registry.reports.contains {
                    ($0.nextRun ?? .distantFuture) <= limit && $0.name == "jobs: queue at-once"
                }
            }
            mayGo.withLock { $0 = true }
            try await enqueued
            try await eventually("done") { counters(running).completed == 1 }
        }
    }
}
