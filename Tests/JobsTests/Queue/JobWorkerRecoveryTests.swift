import Jobs
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@Suite(.timeLimit(.minutes(10))) struct JobWorkerRecoveryTests {
    /// Leases jobs as a process that dies before it does anything with them.
    private func die(_ database: any SQLDatabase, node: String, lease: Duration, claiming limit: Int) async throws {
        let now = SystemTime().now()
        let claimed = try await database.write { transaction in
            let worker = try JobWorkerStore(transaction: transaction).register(
                node: node, ownsDatabase: false, lease: lease, now: now)
            return try JobStore(transaction: transaction).claim(
                Note.queue, limit: limit, worker: worker, now: now
            ).jobs.count
        }
        #expect(claimed == limit)
    }

    @Test(arguments: DatabaseEngine.available)
    func `the jobs of a killed process start when it is started again, not at the end of their lease`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            try await database.enqueue(0..<3)
            try await die(database, node: "local", lease: .seconds(3_600), claiming: 3)
            let diary = Diary()
            let running = RunningWorker(database) { note, context in
                if context.rescues == 1 { diary.write(note.number) }
                return .done
            }
            try await eventually("3 started") { diary.numbers.count == 3 }
            #expect(running.worker.report.rescued == 3)
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `the jobs of another node that died are taken over as its lease ends, not sooner (H29)`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            try await database.enqueue(0..<3)
            let death = ContinuousClock.now
            try await die(database, node: "other", lease: .milliseconds(500), claiming: 3)
            let diary = Diary()
            let running = RunningWorker(database) {
                $0.ownsDatabase = false
                $0.lease = .milliseconds(500)
                $0.rescueInterval = .milliseconds(100)
            } _: { note, _ in
                diary.write(note.number)
                return .done
            }
            try await eventually("3 started") { diary.numbers.count == 3 }
            // The lease less the time between two looks and the time for taking over.
            #expect(ContinuousClock.now - death >= .milliseconds(375))
            try await running.drain()
        }
    }

    /// The other lives, and its clock is an hour behind or ahead: what it says of its lease is no time to anybody else.
    @Test(arguments: DatabaseEngine.available, [-3_600, 3_600])
    func `a living worker on a machine whose clock is far off keeps its jobs`(
        _ engine: DatabaseEngine, seconds: Int64
    ) async throws {
        try await withJobsDatabase(engine) { database in
            try await database.enqueue(0..<1)
            let skew = Nanoseconds.seconds(seconds)
            let other = try await database.write { transaction in
                let now = SystemTime().now().advanced(byNanoseconds: skew)
                let worker = try JobWorkerStore(transaction: transaction).register(
                    node: "other", ownsDatabase: false, lease: .milliseconds(200), now: now)
                let claimed = try JobStore(transaction: transaction).claim(
                    Note.queue, limit: 1, worker: worker, now: now)
                #expect(claimed.jobs.count == 1)
                return worker
            }
            let begun = ContinuousClock.now
            let running = RunningWorker(database) {
                $0.ownsDatabase = false
                $0.lease = .milliseconds(200)
                $0.rescueInterval = .milliseconds(20)
            } _: { _, _ in
                .done
            }
            try await eventually("several leases have passed") {
                let isAlive = try? await database.write {
                    try JobWorkerStore(transaction: $0).heartbeat(
                        other, lease: .milliseconds(200), now: SystemTime().now().advanced(byNanoseconds: skew))
                }
                #expect(isAlive == true)
                return ContinuousClock.now - begun > .milliseconds(900)
            }
            #expect(running.worker.report.rescued == 0)
            // Its heart stops: now it is dead, whatever its clock said.
            try await eventually("its job was taken over") { running.worker.report.rescued == 1 }
            try await running.drain()
        }
    }

    @Test func `a claim or an end whose answer was lost keeps no job from running, and none runs twice to its end`()
        async throws
    {
        try await withJobsDatabase(.sqlite) { base in
            try await base.write { _ = try $0.execute("CREATE TABLE effects (number INTEGER) STRICT") }
            let database = ForgetfulDatabase(base, every: 4)
            try await base.enqueue(0..<20)
            // What was leased and never heard of is given back after a lease.
            let running = RunningWorker(database) {
                $0.lease = .milliseconds(400)
            } _: { note, _ in
                .commit { try $0.execute("INSERT INTO effects (number) VALUES (\(note.number))") }
            }
            try await eventually("20 completed") { try await base.depth().completed == 20 }
            let numbers = try await base.read {
                try $0.rows("SELECT number FROM effects ORDER BY number").map { try $0.get(0, as: Int.self) }
            }
            #expect(numbers == Array(0..<20))
            #expect(database.forgotten > 5)
            try await running.drain()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a worker that was given up for dead stops its handlers, keeps their effects out, and registers anew`(
        _ engine: DatabaseEngine
    )
        async throws
    {
        try await withJobsDatabase(engine) { database in
            try await database.write { _ = try $0.execute("CREATE TABLE effects (number INTEGER) STRICT") }
            let (diary, gate) = (Diary(), Gate())
            let running = RunningWorker(database) {
                $0.ownsDatabase = false
            } _: { note, context in
                diary.write(context.rescues)
                // Ignores that it is told to stop, as a slow call to an exchange would.
                if context.rescues == 0 { await gate.wait() }
                return .commit { _ = try $0.execute("INSERT INTO effects (number) VALUES (\(note.number))") }
            }
            try await database.enqueue([7])
            try await eventually("started") { diary.numbers == [0] }
            // As if this process had been stopped for so long that another took over.
            try await database.write { transaction in
                let now = SystemTime().now()
                try transaction.execute("UPDATE job_workers SET lease_until = 0")
                _ = try JobWorkerStore(transaction: transaction).rescue(own: nil, limit: 10, now: now)
            }
            try await eventually("run again") { diary.numbers == [0, 1] && running.counters.completed == 1 }
            gate.open()
            try await eventually("lease lost") { running.counters.leasesLost == 1 }
            #expect(running.worker.report.registrationsLost == 1)
            let effects = try await database.read { try $0.rows("SELECT number FROM effects").count }
            #expect(effects == 1)
            try await running.drain()
        }
    }

    /// By mistake, as when a machine is set up as a copy of another.
    @Test(arguments: DatabaseEngine.available)
    func `two processes of one name do not declare each other dead for ever`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let first = RunningWorker(database) {
                $0.ownsDatabase = false
            } _: { _, _ in
                .done
            }
            try await eventually("the first is there") { try await living(database) == 1 }
            let second = RunningWorker(database) {
                $0.ownsDatabase = false
            } _: { _, _ in
                .done
            }
            try await eventually("the first was replaced") { first.worker.report.registrationsLost == 1 }
            // Were each to replace the other, one of them would be dead at any time.
            try await eventually("both live") { try await living(database) == 2 }
            #expect(second.worker.report.registrationsLost == 0)
            try await first.drain()
            try await second.drain()
        }
    }

    private func living(_ database: any SQLDatabase) async throws -> Int {
        try await database.read { try $0.rows("SELECT id FROM job_workers WHERE lease_until > 0").count }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a drain starts nothing more and waits for what runs`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let (diary, gate) = (Diary(), Gate())
            let running = RunningWorker(database, QueueConfiguration(Note.queue, concurrency: 2)) { note, _ in
                diary.write(note.number)
                await gate.wait()
                return .done
            }
            try await database.enqueue(0..<5)
            try await eventually("two started") { diary.numbers.count == 2 }
            let drained = Task { try await running.drain() }
            gate.open()
            try await drained.value
            // Of two that run at once either may be the first to write.
            #expect(diary.numbers.sorted() == [0, 1])
            let depth = try await database.depth()
            #expect([depth.completed, depth.ready, depth.running] == [2, 3, 0])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `what has not ended at the drain's deadline is given back, no attempt used up`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withJobsDatabase(engine) { database in
            let (diary, gate) = (Diary(), Gate())
            let running = RunningWorker(database) {
                $0.drainDeadline = .milliseconds(100)
            } _: { note, _ in
                diary.write(note.number)
                // One heeds its cancellation, the other does not.
                if note.number == 0 { try await Task.sleep(for: .seconds(600)) } else { await gate.wait() }
                return .done
            }
            try await database.enqueue(0..<2)
            try await eventually("two started") { diary.numbers.count == 2 }
            try await running.drain()
            let ready = try await database.read { try JobStore(transaction: $0).jobs(Note.queue, .ready) }
            #expect(ready.count == 2)
            #expect(ready.allSatisfy { $0.failures == 0 && $0.rescues == 0 })
            gate.open()
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a cancelled worker gives its jobs back too`(_ engine: DatabaseEngine) async throws {
        try await withJobsDatabase(engine) { database in
            let diary = Diary()
            let running = RunningWorker(database) { note, _ in
                diary.write(note.number)
                try await Task.sleep(for: .seconds(600))
                return .done
            }
            try await database.enqueue(0..<2)
            try await eventually("two started") { diary.numbers.count == 2 }
            await running.stop()
            let depth = try await database.depth()
            #expect([depth.ready, depth.running] == [2, 0])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `recurring jobs run once over two workers, finished ones are removed, and all of it is listed (H22, H44)`(
        _ engine: DatabaseEngine
    )
        async throws
    {
        try await withJobsDatabase(engine) { database in
            let diary = Diary()
            let schedule = JobSchedule("test.minute", .every(.milliseconds(40)), catchUp: .all(maximum: 1_000)) {
                tick in
                try NewJob(Note(number: Int(tick.nanoseconds / Nanoseconds.milliseconds(40))))
            }
            let workers = ["a", "b"].map { node in
                RunningWorker(
                    database,
                    QueueConfiguration(Note.queue, concurrency: 2, retention: .seconds(60), maximumFinished: 5)
                ) {
                    $0.node = node
                    $0.ownsDatabase = false
                    $0.lease = .seconds(60)
                    $0.schedules = [schedule]
                    $0.retentionInterval = .milliseconds(50)
                } _: { note, _ in
                    diary.write(note.number)
                    return .done
                }
            }
            try await eventually("20 ticks") { diary.numbers.count >= 20 }
            // The newest may still be on their way, in any order.
            try await eventually("none of them is left out") {
                let numbers = diary.numbers.sorted().prefix(20)
                return Array(numbers) == Array(numbers[0]..<numbers[0] + 20)
            }
            #expect(Set(diary.numbers).count == diary.numbers.count, "each tick once")
            try await eventually("removed") { try await database.depth().completed <= 6 }
            let names = workers[0].registry.reports.map(\.name)
            #expect(
                names == [
                    "job: test.minute", "jobs: end of drain", "jobs: heartbeat", "jobs: queue notes", "jobs: rescue",
                    "jobs: retention",
                    "jobs: schedules",
                ])
            for worker in workers { try await worker.drain() }
            #expect(workers[0].registry.reports.isEmpty)
        }
    }
}

/// Holds whoever waits, cancelled or not, until it is opened.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
