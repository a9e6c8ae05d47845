import Jobs
import Logging
import Persistence
import Scheduling
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import TradingCore

/// A receiver that a test waits for.
private final class Receiver: MessageSink {
    struct Failure: Error {}

    private let names = Mutex<[String: [String]]>([:])
    private let failures: Mutex<Int>
    /// Told with every message that was tried.
    let tries: AsyncStream<String>
    private let told: AsyncStream<String>.Continuation
    /// The first message waits to be let through.
    let gate: Signal?

    /// - Parameter failures: so many tries fail first.
    init(failures: Int = 0, gate: Signal? = nil) {
        self.failures = Mutex(failures)
        self.gate = gate
        (tries, told) = AsyncStream.makeStream()
    }

    var received: [String: [String]] { names.withLock { $0 } }

    func send(_ message: OutboxMessage, fence: Int64) async throws {
        told.yield(message.name)
        if message.name == "1" { await gate?.wait() }
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if fails { throw Failure() }
        names.withLock { $0[message.lane.key, default: []].append(message.name) }
    }
}

@Suite(.timeLimit(.minutes(10))) struct OutboxRelayTests {
    private let folder: TemporaryFolder
    private let database: SQLiteDatabase
    private let time = ManualTime(Timestamp(nanoseconds: Nanoseconds.seconds(1_000)))
    private let alarms: AlarmClock

    init() async throws {
        folder = try TemporaryFolder()
        database = try await SQLiteDatabase.open(path: folder.path + "/server.db")
        try await Migrator(allMigrations).migrate(database)
        alarms = AlarmClock(time: time, registry: ScheduleRegistry())
    }

    private func put(_ names: [String], key: String) async throws {
        let now = time.now()
        try await database.write { transaction in
            for name in names {
                try Outbox(transaction: transaction).put(topic: "t", key: key, name: name, payload: [], now: now)
            }
        }
    }

    /// Runs a relay around `body`, then shuts it down gracefully. No clock runs, so only words of commits wake it.
    private func relaying(
        to sink: some MessageSink, _ body: (ServiceGroup) async throws -> Void
    ) async throws {
        let relay = OutboxRelay(
            database: database, sink: sink, time: time, alarms: alarms,
            logger: Logger(label: "test") { _ in
                SwiftLogNoOpLogHandler()
            })
        let group = ServiceGroup(services: [relay], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            try await body(group)
            await group.triggerGracefulShutdown()
            try await tasks.next()
        }
    }

    private func metrics() async throws -> OutboxMetrics {
        try await database.read { try Outbox(transaction: $0).metrics() }
    }

    @Test func `a commit wakes the relay, which sends each lane in order and books it`() async throws {
        let sink = Receiver()
        try await put(["1", "2"], key: "a")
        try await relaying(to: sink) { _ in
            var tries = sink.tries.makeAsyncIterator()
            for _ in 0..<2 { _ = await tries.next() }
            for round in 0..<5 {
                try await put(["x\(round)", "y\(round)"], key: "a")
                try await put(["z\(round)"], key: "b")
                for _ in 0..<3 { _ = await tries.next() }
            }
        }
        #expect(sink.received["a"] == ["1", "2"] + (0..<5).flatMap { ["x\($0)", "y\($0)"] })
        #expect(sink.received["b"] == (0..<5).map { "z\($0)" })
        #expect(try await metrics() == OutboxMetrics())
        await database.close()
    }

    @Test func `a message that failed is tried again after its wait, and nothing of its lane overtakes it`()
        async throws
    {
        let sink = Receiver(failures: 3)
        let clock = Task { [alarms] in await alarms.run() }
        try await put(["1", "2"], key: "a")
        try await relaying(to: sink) { _ in
            var tries = sink.tries.makeAsyncIterator()
            for _ in 0..<5 { _ = await tries.next() }
        }
        clock.cancel()
        await clock.value
        #expect(sink.received["a"] == ["1", "2"])
        #expect(try await metrics() == OutboxMetrics())
        // One, two and four seconds, each less up to a quarter.
        #expect(time.now().nanoseconds(since: Timestamp(nanoseconds: Nanoseconds.seconds(1_000))) >= 5_250_000_000)
        await database.close()
    }

    /// Never answers, also when told to stop.
    private struct Hanging: MessageSink {
        let began: AsyncStream<Void>.Continuation

        func send(_ message: OutboxMessage, fence: Int64) async throws {
            began.yield()
            await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        }
    }

    @Test func `a receiver that never answers keeps neither its lane nor a shutdown waiting`() async throws {
        let (begun, began) = AsyncStream.makeStream(of: Void.self)
        try await put(["1"], key: "a")
        let clock = Task { [alarms] in await alarms.run() }
        try await relaying(to: Hanging(began: began)) { _ in
            var tries = begun.makeAsyncIterator()
            // The clock jumps to each moment that is waited for: the first send's limit, and the wait before the second.
            for _ in 0..<3 { _ = await tries.next() }
        }
        clock.cancel()
        await clock.value
        let (failures, sent) = try await database.read { transaction in
            (
                try transaction.row("SELECT failures FROM outbox_lanes")?.get(0, as: Int.self),
                try transaction.row("SELECT COUNT(*) FROM outbox_messages WHERE status = 'sent'")?.get(0, as: Int.self)
            )
        }
        #expect((failures ?? 0) >= 2 && sent == 0)
        await database.close()
    }

    private struct Cancelling: MessageSink {
        func send(_ message: OutboxMessage, fence: Int64) async throws { throw CancellationError() }
    }

    @Test func `a receiver that says cancelled has failed like any other`() async throws {
        try await put(["1"], key: "a")
        let clock = Task { [alarms] in await alarms.run() }
        let start = time.now()
        try await relaying(to: Cancelling()) { _ in
            while time.now().nanoseconds(since: start) < Nanoseconds.seconds(10) { await Task.yield() }
        }
        clock.cancel()
        await clock.value
        let failures = try await database.read { try $0.row("SELECT failures FROM outbox_lanes")?.get(0, as: Int.self) }
        // A hot loop would count none, or thousands.
        #expect((1...6).contains(failures ?? 0))
        await database.close()
    }

    @Test func `a graceful shutdown waits for what is being sent, and books it`() async throws {
        let gate = Signal()
        let sink = Receiver(gate: gate)
        try await put(["1", "2"], key: "a")
        try await relaying(to: sink) { group in
            var tries = sink.tries.makeAsyncIterator()
            _ = await tries.next()
            await group.triggerGracefulShutdown()
            #expect(sink.received.isEmpty)
            gate.raise()
        }
        // Word of the shutdown may come before the second message or after it.
        let received = sink.received["a", default: []]
        #expect(received == ["1"] || received == ["1", "2"])
        #expect(try await metrics().pendingMessages == 2 - received.count)
        let next = try await database.write { [time] in try Outbox(transaction: $0).claim(now: time.now()) }
        #expect(next.flatMap { $0.messages.map(\.name) } == Array(["1", "2"].dropFirst(received.count)))
        await database.close()
    }

    @Test func `a topic that nobody takes parks its lane at once`() async throws {
        let sink = Receiver()
        try await relaying(to: TopicSinks(["known": sink])) { _ in
            try await put(["1"], key: "a")
            while try await metrics().parkedLanes == 0 { await Task.yield() }
        }
        let lanes = try await database.read { try Outbox(transaction: $0).failingLanes() }
        #expect(lanes.map(\.lastFailure) == ["nobody takes messages of topic t"])
        await database.close()
    }

    @Test func `two relays on one database send each message once between them`() async throws {
        let sink = Receiver()
        try await relaying(to: sink) { _ in
            try await relaying(to: sink) { _ in
                var tries = sink.tries.makeAsyncIterator()
                for round in 0..<20 { try await put(["\(round)"], key: "\(round % 3)") }
                for _ in 0..<20 { _ = await tries.next() }
            }
        }
        #expect(sink.received == Dictionary(grouping: (0..<20).map { "\($0)" }) { "\((Int($0) ?? 0) % 3)" })
        #expect(try await metrics() == OutboxMetrics())
        await database.close()
    }
}
