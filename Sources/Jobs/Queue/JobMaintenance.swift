import Logging
import Persistence
import Scheduling
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
        heartbeat = Beat("jobs: heartbeat", worker)
        rescue = Beat("jobs: rescue", worker)
        schedules = Beat("jobs: schedules", worker)
        retention = Beat("jobs: retention", worker)
    }

    func start(in group: inout TaskGroup<Void>) {
        let (worker, configuration) = (worker, worker.configuration)
        group.addTask { [heartbeat] in
            await heartbeat.run {
                try await worker.heartbeat()
                return configuration.heartbeatInterval
            }
        }
        group.addTask { [rescue] in
            await rescue.run {
                try await worker.giveUpTheDead()
                try await worker.rescue()
                try await worker.giveBackStrays()
                // A word about a cancellation can be lost.
                try await worker.stopCancelled()
                return configuration.rescueInterval
            }
        }
        group.addTask { [retention] in
            await retention.run {
                try await worker.removeFinished()
                return configuration.retentionInterval
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
    private static let retryInterval = Duration.milliseconds(250)
    private let alarm: Alarm
    private let signal: Signal
    private let worker: JobWorker

    init(_ name: String, _ worker: JobWorker) {
        let signal = Signal()
        self.signal = signal
        self.worker = worker
        alarm = worker.clock.alarm(name) { _ in signal.raise() }
    }

    func end() { alarm.remove() }

    /// - Parameter work: done at once, then each time after the interval that it returns; sooner after a failure.
    func run(_ work: () async throws -> Duration) async {
        while !Task.isCancelled {
            var failure: String?
            var interval = Self.retryInterval
            do { interval = try await work() } catch {
                failure = "\(error)"
                worker.logger.warning("maintenance of jobs failed", metadata: ["error": "\(error)"])
            }
            alarm.ended(failure: failure)
            await wait(interval)
        }
    }

    func wait(_ interval: Duration) async {
        alarm.set(worker.time.now().advanced(byNanoseconds: interval.nanoseconds))
        await signal.wait()
    }
}

extension JobWorker {
    func removeFinished() async throws {
        let (time, limit) = (time, configuration.maximumBatch)
        for queue in configuration.queues {
            var isMore = true
            while isMore, !Task.isCancelled {
                let removed = try await database.write { transaction in
                    try JobStore(transaction: transaction).removeFinished(queue, limit: limit, now: time.now())
                }
                isMore = removed >= limit
            }
        }
    }

    func defineSchedules(_ beat: Beat) async throws {
        let (time, schedules) = (time, configuration.schedules)
        while !Task.isCancelled {
            do {
                return try await database.write { transaction in
                    try JobScheduleStore(transaction: transaction).define(schedules, now: time.now())
                }
            } catch {
                logger.warning("recurring jobs could not be defined", metadata: ["error": "\(error)"])
                await beat.wait(.milliseconds(250))
            }
        }
    }

    /// - Returns: how long until the next tick; another node may have moved it, so at most a minute.
    func tickSchedules() async throws -> Duration {
        let (time, schedules) = (time, configuration.schedules)
        let next = try await database.write { transaction in
            try JobScheduleStore(transaction: transaction).tick(schedules, now: time.now()).next
        }
        let minute = Duration.seconds(60)
        return min(minute, next.map { .nanoseconds(max(0, $0.nanoseconds(since: time.now()))) } ?? minute)
    }
}
