public import Logging
public import Persistence
public import Scheduling
public import ServiceLifecycle
import Synchronization
import TradingCore

/// Works on the jobs of a database, in this process.
///
/// A shell: what may be done when is decided by ``QueueStateMachine``, what a step does in the database by ``JobStore`` and its
/// neighbours. It ends after a drain, when it is told to shut down or its task is cancelled.
public final class JobWorker: Service {
    let database: any SQLDatabase
    let configuration: JobWorkerConfiguration
    let clock: AlarmClock
    let time: any TimeSource
    /// For all that is stored and compared with what other nodes store.
    let shared: SharedClock
    let logger: Logger
    let runners: [QueueRunner]
    let recurring: RecurringRuns
    let registration = Mutex<Registration>(Registration())
    private let watch: Mutex<WorkerWatch>
    private let drainAlarm: Alarm
    /// Raised when everything is done, or nobody waits for it any more.
    private let isOver = Signal()

    struct Registration: Sendable {
        var worker: JobWorkerID?
        var rescued = 0
        var lost = 0
        var faults = StandingFaults()
    }

    /// - Parameter clock: must be running for anything to be done at a time; its registry lists what this worker does when.
    public init(
        database: any SQLDatabase, handlers: JobHandlers, configuration: JobWorkerConfiguration, clock: AlarmClock,
        time: any TimeSource, logger: Logger
    ) {
        self.database = database
        self.configuration = configuration
        self.clock = clock
        self.time = time
        self.logger = logger
        watch = Mutex(
            WorkerWatch(
                lease: configuration.lease.nanoseconds, rescueInterval: configuration.rescueInterval.nanoseconds))
        let shared = SharedClock(time, goesByDatabase: configuration.goesByDatabaseClock)
        self.shared = shared
        let engine = JobEngine(handlers: handlers, seed: configuration.seed)
        let recurring = RecurringRuns(configuration.schedules, clock.registry, shared)
        self.recurring = recurring
        let runners = configuration.queues.map {
            QueueRunner(
                $0, worker: configuration, database: database, engine: engine, recurring: recurring, time: time,
                shared: shared, logger: logger)
        }
        self.runners = runners
        let (isOver, limit, logger) = (isOver, configuration.leavingLimit, logger)
        drainAlarm = clock.alarm("jobs: end of drain") { now in
            Self.abandon(runners, time, until: now.advanced(byNanoseconds: limit.nanoseconds), isOver, logger)
        }
    }

    public var report: JobWorkerReport {
        let registration = registration.withLock { $0 }
        return JobWorkerReport(
            queues: runners.map(\.report), worker: registration.worker, rescued: registration.rescued,
            registrationsLost: registration.lost, faults: registration.faults.all)
    }

    /// Runs jobs until shutdown.
    public func run() async throws {
        // In a task of its own: even when ours is cancelled, what was leased has to be given back.
        Task {
            await self.work()
            isOver.raise()
        }
        // Nor does this wait end when we are cancelled.
        let wait = Task { await isOver.wait() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await wait.value
            } onGracefulShutdown: {
                self.drain()
            }
        } onCancel: {
            self.drain()
            let limit = time.now().advanced(byNanoseconds: configuration.leavingLimit.nanoseconds)
            Self.abandon(runners, time, until: limit, isOver, logger)
        }
        drainAlarm.remove()
    }

    /// Waits for handlers no longer, and for the rest until `limit`: a handler that holds the database's writer would keep it, and
    /// the process, for ever.
    private static func abandon(
        _ runners: [QueueRunner], _ time: any TimeSource, until limit: Timestamp, _ isOver: Signal, _ logger: Logger
    ) {
        for runner in runners { runner.abandon() }
        Task {
            try? await time.sleep(until: limit)
            let overdue = runners.flatMap(\.report.overdue).map { "\($0.run.kind) \($0.run.id)" }
            if !overdue.isEmpty {
                logger.error("jobs do not stop; the next start takes them up again", metadata: ["jobs": "\(overdue)"])
            }
            isOver.raise()
        }
    }

    /// Starts nothing more, and waits for what runs until the deadline.
    public func drain() {
        drainAlarm.set(time.now().advanced(byNanoseconds: configuration.drainDeadline.nanoseconds))
        for runner in runners { runner.drain() }
    }

    private func work() async {
        let words = runners.filter { !database.addRider($0) }.map { ($0, database.notifications($0.name.channel)) }
        defer { for runner in runners { database.removeRider(runner) } }
        let executor = database.executor
        let control = database.notifications(QueueName.controlChannel)
        let maintenance = JobMaintenance(worker: self)
        await withTaskGroup { group in
            for (runner, word) in words {
                group.addTask(executorPreference: executor) { for await _ in word { runner.word() } }
            }
            group.addTask { await self.listen(to: control) }
            maintenance.start(in: &group)
            await runQueues()
            group.cancelAll()
        }
        maintenance.end()
        recurring.end()
        await leave()
    }

    private func runQueues() async {
        let alarms = runners.map { runner in
            clock.alarm("jobs: queue \(runner.name.rawValue)", worksElsewhere: true) { now in runner.rang(now) }
        }
        await withTaskGroup { group in
            // What a queue does is a word to the database and a few lines between: no thread need be woken for those.
            for (runner, alarm) in zip(runners, alarms) {
                group.addTask(executorPreference: database.executor) { await runner.run(alarm) }
            }
        }
        for alarm in alarms { alarm.remove() }
    }

    private func listen(to control: AsyncStream<Void>) async {
        for await _ in control {
            do { try await stopCancelled() } catch {
                logger.warning("cancellations could not be read", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Tells handlers to stop whose jobs somebody wants to be cancelled.
    func stopCancelled() async throws {
        guard let worker = registration.withLock({ $0.worker }) else { return }
        let ids = try await database.read { try JobStore(transaction: $0).cancelRequests(worker) }
        if !ids.isEmpty { for runner in runners { runner.stop(ids, for: .cancellation) } }
    }
}

// MARK: - Registration

extension JobWorker {
    var ownsDatabase: Bool { configuration.ownsDatabase ?? (database.dialect == .sqlite) }

    /// Enters this process start, and takes over at once what it replaces.
    /// - Parameter isStart: whether this process has not been registered before.
    func register(isStart: Bool = true) async throws {
        let (time, shared, configuration, ownsDatabase) = (time, shared, configuration, ownsDatabase)
        let worker = try await database.write { transaction in
            // Before the first claim.
            _ = try shared.measured(transaction)
            return try JobWorkerStore(transaction: transaction).register(
                node: configuration.node, ownsDatabase: ownsDatabase, isStart: isStart, lease: configuration.lease,
                now: time.now())
        }
        registration.withLock { $0.worker = worker }
        // Also when the rescue fails: it is tried again, and a registered worker is not registered twice.
        defer { for runner in runners { runner.use(worker) } }
        try await rescue()
    }

    /// Holds on to the leases. Without a registration, or when it was taken away, gets a new one.
    func heartbeat() async throws {
        guard let worker = registration.withLock({ $0.worker }) else {
            return try await register(isStart: registration.withLock { $0.lost == 0 })
        }
        let (time, shared, lease) = (time, shared, configuration.lease)
        let isAlive = try await database.beat { transaction in
            _ = try shared.measured(transaction)
            return try JobWorkerStore(transaction: transaction).heartbeat(worker, lease: lease, now: time.now())
        }
        if isAlive { return }
        logger.error("this worker was given up for dead; its jobs are with others now")
        registration.withLock {
            $0.worker = nil
            $0.lost += 1
        }
        for runner in runners { runner.stopAll(for: .leaseLost) }
        try await register(isStart: false)
    }

    /// Gives back jobs that are leased to this worker and that it knows nothing of.
    func giveBackStrays() async throws {
        guard let worker = registration.withLock({ $0.worker }) else { return }
        let (shared, lease, leases) = (shared, configuration.lease.nanoseconds, runners.flatMap(\.leases))
        let strays = try await database.write { transaction in
            let now = shared.now()
            return try JobWorkerStore(transaction: transaction).giveBackStrays(
                of: worker, working: leases, claimedBefore: now.advanced(byNanoseconds: -lease), now: now)
        }
        if strays.isEmpty { return }
        logger.warning("jobs were leased and nobody worked on them", metadata: ["jobs.count": "\(strays.count)"])
    }

    /// Declares those dead whose heartbeat stands still.
    func giveUpTheDead() async throws {
        let (own, began) = (registration.withLock { $0.worker }, time.now())
        do {
            let sightings = try await database.read { try JobWorkerStore(transaction: $0).sightings(besides: own) }
            let ended = time.now()
            let dead = watch.withLock { $0.still(sightings, began: began, ended: ended) }
            if dead.isEmpty { return }
            try await database.write { transaction in
                for sighting in dead { try JobWorkerStore(transaction: transaction).giveUp(sighting) }
            }
        } catch {
            watch.withLock { $0.forget() }
            throw error
        }
    }

    /// How long until somebody who stands still could be found dead, or it is looked who there is.
    func untilNextLook() -> Duration {
        let now = time.now()
        return .nanoseconds(watch.withLock { $0.nextLook(after: now) }.nanoseconds(since: now))
    }

    /// How long until the next heartbeat.
    var beatInterval: Duration {
        min(
            configuration.heartbeatInterval,
            .nanoseconds(WorkerWatch.longestBeat(lease: configuration.lease.nanoseconds)))
    }

    /// Makes the jobs of dead workers ready again.
    func rescue() async throws {
        let (shared, limit) = (shared, configuration.maximumBatch)
        var isMore = true
        while isMore {
            let own = registration.withLock { $0.worker }
            let rescue = try await database.write { transaction in
                try JobWorkerStore(transaction: transaction).rescue(
                    own: own, limit: limit, now: shared.measured(transaction))
            }
            registration.withLock { $0.rescued += rescue.jobs.count }
            if !rescue.jobs.isEmpty {
                logger.warning(
                    "jobs of a dead worker were taken over",
                    metadata: ["jobs.count": "\(rescue.jobs.count)", "jobs.ended": "\(rescue.ended.count)"])
            }
            isMore = rescue.isMore
        }
    }

    /// Gives back what was not finished.
    private func leave() async {
        guard let worker = registration.withLock({ $0.worker }) else { return }
        let shared = shared
        do {
            try await database.write { transaction in
                try JobWorkerStore(transaction: transaction).leave(worker, now: shared.now())
            }
        } catch {
            logger.warning("jobs could not be given back; the next start does", metadata: ["error": "\(error)"])
        }
        registration.withLock { $0.worker = nil }
    }
}
