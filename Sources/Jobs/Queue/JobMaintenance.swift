import Logging
import Persistence
import Scheduling
import Synchronization
import TradingCore

/// What a worker does at times: its heartbeat, the rescue of dead workers' jobs, recurring jobs, removing finished ones. Each is a
/// loop of its own that is listed in the registry of schedules.
struct JobMaintenance: Sendable {
    let worker: JobWorker
    private let heartbeat: Beat
    private let rescue: Beat
    private let schedules: Beat
    private let retention: Beat

    init(worker: JobWorker) {
        self.worker = worker
        heartbeat = Beat(JobFault.heartbeat, worker)
        rescue = Beat("jobs: rescue", worker)
        schedules = Beat("jobs: schedules", worker)
        retention = Beat("jobs: retention", worker)
    }

    func start(in group: inout TaskGroup<Void>) {
        let (worker, configuration) = (worker, worker.configuration)
        group.addTask { [heartbeat] in
            await heartbeat.run {
                try await worker.heartbeat()
                return Beat.Turn(worker.beatInterval)
            }
        }
        group.addTask { [rescue] in
            await rescue.run {
                try await worker.giveUpTheDead()
                try await worker.rescue()
                try await worker.giveBackStrays()
                // A word about a cancellation can be lost.
                try await worker.stopCancelled()
                return Beat.Turn(worker.untilNextLook())
            }
        }
        group.addTask { [retention] in
            await retention.run {
                try await worker.removeFinished()
                return Beat.Turn(configuration.retentionInterval)
            }
        }
        if configuration.schedules.isEmpty { return }
        group.addTask { [schedules] in
            try? await worker.defineSchedules(schedules)
            await schedules.run { try await worker.tickSchedules() }
        }
    }

    func end() { for beat in [heartbeat, rescue, schedules, retention] { beat.end() } }
}

/// A loop that works at times.
struct Beat: Sendable {
    /// What came of working once.
    struct Turn {
        /// Until the next time.
        let interval: Duration
        /// Of a part of it.
        let failure: String?

        init(_ interval: Duration, failure: String? = nil) {
            self.interval = interval
            self.failure = failure
        }
    }

    private static let retryInterval = Duration.milliseconds(250)
    private let name: String
    private let alarm: Alarm
    private let signal: Signal
    private let worker: JobWorker

    init(_ name: String, _ worker: JobWorker) {
        let signal = Signal()
        self.signal = signal
        self.worker = worker
        self.name = name
        alarm = worker.clock.alarm(name, worksElsewhere: true) { _ in signal.raise() }
    }

    func end() { alarm.remove() }

    /// - Parameter work: done at once, then each time after the interval that it returns; sooner when it throws.
    func run(_ work: () async throws -> Turn) async {
        while !Task.isCancelled {
            let began = worker.time.now()
            alarm.works(since: began)
            var turn: Turn
            do { turn = try await work() } catch {
                turn = Turn(Self.retryInterval, failure: "\(error)")
                if Task.isCancelled { break }
            }
            told(turn.failure, since: began)
            await wait(turn.interval)
        }
    }

    func told(_ failure: String?, since began: Timestamp) {
        let (name, now) = (name, worker.time.now())
        let isNews = worker.registration.withLock { registration in
            if let failure { return registration.faults.failed(name, failure, now: now) }
            registration.faults.succeeded(name)
            return false
        }
        if let failure, isNews {
            worker.logger.warning(
                "maintenance of jobs failed", metadata: ["schedule": "\(name)", "error": "\(failure)"])
        }
        alarm.worked(since: began, failure: failure)
    }

    func wait(_ interval: Duration) async {
        alarm.set(worker.time.now().advanced(byNanoseconds: interval.nanoseconds))
        await signal.wait()
    }
}

extension JobWorker {
    func removeFinished() async throws {
        let (shared, limit) = (shared, configuration.maximumBatch)
        for queue in configuration.queues {
            var isMore = true
            while isMore, !Task.isCancelled {
                let removed = try await database.write { transaction in
                    try JobStore(transaction: transaction).removeFinished(
                        queue, limit: limit, now: shared.measured(transaction))
                }
                isMore = removed >= limit
            }
        }
    }

    func defineSchedules(_ beat: Beat) async throws {
        let (time, shared, schedules) = (time, shared, configuration.schedules)
        while !Task.isCancelled {
            let began = time.now()
            do {
                let entries = try await database.write { transaction in
                    let store = JobScheduleStore(transaction: transaction)
                    try store.define(schedules, now: shared.measured(transaction))
                    return try store.entries()
                }
                return recurring.stored(entries)
            } catch {
                beat.told("recurring jobs could not be defined: \(error)", since: began)
                await beat.wait(.milliseconds(250))
            }
        }
    }

    /// - Returns: how long until the next tick; another node may have moved it, so at most a minute.
    func tickSchedules() async throws -> Beat.Turn {
        let (shared, schedules) = (shared, configuration.schedules)
        let (now, tick, entries) = try await database.write { transaction in
            let store = JobScheduleStore(transaction: transaction)
            let now = try shared.measured(transaction)
            return (now, try store.tick(schedules, now: now), try store.entries())
        }
        recurring.stored(entries)
        if !tick.broughtBack.isEmpty {
            logger.error(
                "recurring jobs were due too far ahead: a clock was or is wrong; they go on from now",
                metadata: ["schedules": "\(tick.broughtBack)"])
        }
        let minute = Duration.seconds(60)
        let failure = tick.failures.map(\.description).joined(separator: "; ")
        return Beat.Turn(
            min(minute, tick.next.map { .nanoseconds(max(0, $0.nanoseconds(since: now))) } ?? minute),
            failure: failure.isEmpty ? nil : failure)
    }
}
