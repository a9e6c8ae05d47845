public import Logging
public import Persistence
public import Scheduling
public import ServiceLifecycle
import Synchronization
import TradingCore

/// Sends what is in the outbox: a thin shell around ``Outbox/claim(limit:now:)``, the sink, and
/// ``Outbox/acknowledge(_:_:now:)``. Any number of relays, in any number of processes, may run on one database.
public struct OutboxRelay: Service {
    private let database: any SQLDatabase
    private let sink: any MessageSink
    private let rules: OutboxRules
    private let time: any TimeSource
    /// For how long what was sent is kept: by whatever clock of a node that were another time each.
    private let shared: SharedClock
    private let alarms: AlarmClock
    private let logger: Logger

    /// Looks again after so long though no word came: words can be lost when a connection breaks.
    static let pollNanoseconds = Nanoseconds.seconds(5)
    static let busyNanoseconds = Nanoseconds.milliseconds(20)
    static let sweepNanoseconds = Nanoseconds.seconds(600)

    public init(
        database: any SQLDatabase, sink: any MessageSink, rules: OutboxRules = OutboxRules(), time: any TimeSource,
        goesByDatabaseClock: Bool = false, alarms: AlarmClock, logger: Logger
    ) {
        self.database = database
        self.sink = sink
        self.rules = rules
        self.time = time
        shared = SharedClock(time, goesByDatabase: goesByDatabaseClock)
        self.alarms = alarms
        self.logger = logger
    }

    private final class State: Sendable {
        let wake = Signal()
        let isStopping = Atomic(false)
        let lanesInFlight = Atomic(0)
    }

    /// Runs until graceful shutdown: then nothing new is begun, and what is being sent is waited for and acknowledged.
    public func run() async throws {
        let state = State()
        let alarm = alarms.alarm("outbox.relay", worksElsewhere: true) { _ in state.wake.raise() }
        defer { alarm.remove() }
        let words = database.notifications(Outbox.channel)
        await withGracefulShutdownHandler {
            await withTaskGroup { group in
                group.addTask { for await _ in words { state.wake.raise() } }
                group.addTask { await relay(state, alarm) }
                // The listener ends only when its database is closed; the relay's end is the end.
                while await group.next() != nil, !state.isStopping.load(ordering: .acquiring), !Task.isCancelled {}
                group.cancelAll()
            }
        } onGracefulShutdown: {
            state.isStopping.store(true, ordering: .releasing)
            state.wake.raise()
        }
    }

    private func relay(_ state: State, _ alarm: Alarm) async {
        var nextSweep = time.now()
        await withDiscardingTaskGroup { group in
            while !state.isStopping.load(ordering: .acquiring), !Task.isCancelled {
                let began = time.now()
                alarm.works(since: began)
                var lookAgain = began.advanced(byNanoseconds: Self.pollNanoseconds)
                do {
                    if time.now() >= nextSweep {
                        try await sweep()
                        nextSweep = time.now().advanced(byNanoseconds: Self.sweepNanoseconds)
                    }
                    let batches = try await claim(rules.lanesPerClaim - state.lanesInFlight.load(ordering: .acquiring))
                    for batch in batches {
                        state.lanesInFlight.add(1, ordering: .acquiringAndReleasing)
                        group.addTask {
                            await deliver(batch, state, alarm)
                            state.lanesInFlight.subtract(1, ordering: .acquiringAndReleasing)
                            state.wake.raise()
                        }
                    }
                    if batches.isEmpty, let ready = try await nextReady() { lookAgain = min(lookAgain, ready) }
                    alarm.worked(since: began, failure: nil)
                    if !batches.isEmpty { continue }
                } catch {
                    alarm.worked(since: began, failure: "\(error)")
                    logger.error("the outbox cannot be read, it is tried again", metadata: ["error": "\(error)"])
                }
                // Due, and not to be had: another relay is claiming it, or as much is in flight as may be, whose end wakes us.
                let soon = time.now().advanced(byNanoseconds: Self.busyNanoseconds)
                alarm.set(max(lookAgain, soon))
                await state.wake.wait()
            }
        }
    }

    private func claim(_ limit: Int) async throws -> [OutboxBatch] {
        guard limit > 0, let ready = try await nextReady(), ready <= time.now() else { return [] }
        let (rules, now) = (rules, time.now())
        return try await database.write { try Outbox(transaction: $0, rules: rules).claim(limit: limit, now: now) }
    }

    private func nextReady() async throws -> Timestamp? {
        let (rules, now) = (rules, time.now())
        return try await database.read { try Outbox(transaction: $0, rules: rules).nextReady(now: now) }
    }

    private func sweep() async throws {
        let (rules, shared) = (rules, shared)
        let limit = 1_000
        while try await database.write({
            try Outbox(transaction: $0, rules: rules).sweep(limit: limit, now: shared.measured($0))
        }) == limit {}
    }

    private func deliver(_ batch: OutboxBatch, _ state: State, _ alarm: Alarm) async {
        let delivery = await send(batch, state)
        let (rules, now) = (rules, time.now())
        do {
            let isOurs = try await database.write {
                try Outbox(transaction: $0, rules: rules).acknowledge(batch, delivery, now: now)
            }
            switch delivery {
            case .failed(_, let reason), .refused(_, let reason):
                logger.warning("a message failed", metadata: ["lane": "\(batch.lane)", "error": "\(reason)"])
            case .sent: break
            }
            if !isOurs { logger.warning("a lane's lease was lost", metadata: ["lane": "\(batch.lane)"]) }
        } catch {
            // The lease lapses and the batch is sent again: at least once.
            alarm.worked(since: now, failure: "\(error)")
            logger.error("messages sent could not be booked", metadata: ["lane": "\(batch.lane)", "error": "\(error)"])
        }
    }

    /// In a task of its own, which is not waited for once its time is over: a receiver that hangs keeps neither its lane nor a
    /// shutdown waiting.
    private func sendInTime(_ message: OutboxMessage, _ fence: Int64) async throws {
        let answer = FirstAnswer()
        let (sink, limit) = (sink, rules.sendNanoseconds)
        let sending = Task {
            do {
                try await sink.send(message, fence: fence)
                answer.give(.success(()))
            } catch { answer.give(.failure(error)) }
        }
        let alarm = alarms.alarm("outbox.send \(message.lane)") { _ in
            answer.give(.failure(SendTimedOut(limit: .nanoseconds(limit))))
        }
        alarm.set(time.now().advanced(byNanoseconds: limit))
        defer {
            sending.cancel()
            alarm.remove()
        }
        try await withTaskCancellationHandler {
            try await answer.wait()
        } onCancel: {
            sending.cancel()
        }
    }

    private func send(_ batch: OutboxBatch, _ state: State) async -> OutboxDelivery {
        for (index, message) in batch.messages.enumerated() {
            if state.isStopping.load(ordering: .acquiring) || time.now() >= batch.leasedUntil { return .sent(index) }
            do { try await sendInTime(message, batch.fence) } catch let error as MessageRefused {
                return .refused(sent: index, reason: error.reason)
            } catch {
                // Ours is a reason to leave the rest for later; the sink's own is a failure like any other.
                let isOurs = state.isStopping.load(ordering: .acquiring) || Task.isCancelled
                if isOurs, error is CancellationError { return .sent(index) }
                return .failed(sent: index, reason: "\(error)")
            }
        }
        return .sent(batch.messages.count)
    }
}
