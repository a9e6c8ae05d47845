import Logging
import Persistence
import Scheduling
import Synchronization
import TradingCore

/// Works on one queue: feeds ``QueueStateMachine`` with what happens and does what it says.
///
/// Where the engine takes riders, a job is claimed by the very transaction that makes it ready.
final class QueueRunner: CommitRider {
    private struct State {
        var machine: QueueStateMachine
        /// At most as many as the queue's concurrency, in the order of their start.
        var running: [RunningJob] = []
        /// Of jobs whose handlers have returned and whose ends are being stored.
        var settling: [JobLease] = []
        /// The earliest moment at which a running job may be past its timeout.
        var nextDeadline = Timestamp.distantFuture
        /// What the loop waits for.
        var awaited = Timestamp.distantFuture
        var alarm: Alarm?
        var counters = JobCounters()
        var worker: JobWorkerID?
        /// A claim in somebody else's transaction that has not ended yet.
        var ride: Ride?
        var faults = StandingFaults()
        /// Not to be waited for any more.
        var isAbandoned = false

        func setAlarm() { alarm?.set(min(awaited, nextDeadline)) }
    }

    private struct Ride {
        let limit: Int
        let promotesDue: Bool
        let worker: JobWorkerID
        var batch = JobStore.Batch()
        /// Those of the batch that are done already.
        var done: [JobLease] = []
    }

    let configuration: QueueConfiguration
    let database: any SQLDatabase
    let engine: JobEngine
    let time: any TimeSource
    let shared: SharedClock
    let logger: Logger
    private let recurring: RecurringRuns
    private let observer: (@Sendable (JobRun) -> Void)?
    private let transactionLimit: Duration
    private let state: Mutex<State>
    private let signal = Signal()

    var name: QueueName { configuration.name }

    init(
        _ configuration: QueueConfiguration, worker: JobWorkerConfiguration, database: any SQLDatabase,
        engine: JobEngine, recurring: RecurringRuns, time: any TimeSource, shared: SharedClock, logger: Logger
    ) {
        self.configuration = configuration
        self.recurring = recurring
        self.database = database
        self.engine = engine
        self.time = time
        self.shared = shared
        observer = worker.observer
        transactionLimit = worker.transactionLimit(on: database.dialect)
        var logger = logger
        logger[metadataKey: "job.queue"] = "\(configuration.name.rawValue)"
        self.logger = logger
        state = Mutex(
            State(
                machine: QueueStateMachine(
                    concurrency: configuration.concurrency, maximumBatch: worker.maximumBatch,
                    pollInterval: worker.pollInterval.nanoseconds, retryInterval: Nanoseconds.milliseconds(250))))
    }

    // MARK: - What happens

    func word() {
        state.withLock { $0.machine.word() }
        signal.raise()
    }

    /// A moment has come that the queue waits for. Handlers past their timeout are told so at once, by the clock's task: the loop
    /// runs on the writer's thread, and that may be the very thing that one of them holds.
    func rang(_ now: Timestamp) {
        state.withLock { state in
            Self.stopOverdue(&state, now)
            if state.awaited <= now { state.awaited = .distantFuture }
            state.setAlarm()
        }
        signal.raise()
    }

    /// The registration under which jobs are claimed from now on.
    func use(_ worker: JobWorkerID) {
        state.withLock { $0.worker = worker }
        word()
    }

    /// Starts nothing more.
    func drain() {
        state.withLock { $0.machine.drain() }
        signal.raise()
    }

    /// Tells what still runs to stop, and waits for it no longer.
    func abandon() {
        stopAll(for: .shutdown)
        state.withLock { $0.isAbandoned = true }
        signal.raise()
    }

    func stopAll(for reason: RunningJob.Stop) {
        let now = time.now()
        state.withLock { state in
            for index in state.running.indices { state.running[index].stop(for: reason, now: now) }
        }
    }

    func stop(_ ids: [JobID], for reason: RunningJob.Stop) {
        let now = time.now()
        state.withLock { state in
            for index in state.running.indices where ids.contains(state.running[index].job.id) {
                state.running[index].stop(for: reason, now: now)
            }
        }
    }

    /// So long a handler may tidy up that was told to stop before its time was over.
    static let stopGrace = Nanoseconds.seconds(5)

    var report: JobWorkerReport.Queue {
        let now = time.now()
        return state.withLock { state in
            JobWorkerReport.Queue(
                name: name, concurrency: configuration.concurrency, running: state.machine.running,
                overdue: state.running.compactMap { $0.overdue(now, grace: Self.stopGrace) },
                counters: state.counters, faults: state.faults.all)
        }
    }

    // MARK: - The loop

    /// Runs jobs until it is drained or abandoned.
    func run(_ alarm: Alarm) async {
        state.withLock { $0.alarm = alarm }
        defer {
            state.withLock { $0.alarm = nil }
            alarm.set(.distantFuture)
        }
        while true {
            let now = time.now()
            let (action, worker) = state.withLock { state in
                Self.stopOverdue(&state, now)
                let action = Self.next(&state, now)
                state.awaited = .distantFuture
                if case .wait(let moment) = action {
                    state.awaited = moment
                    state.setAlarm()
                }
                return (action, state.worker)
            }
            switch action {
            case .claim(let limit, let promotesDue):
                if let worker { await claim(limit, promotesDue, worker) } else { claimFailed() }
            case .wait: await signal.wait()
            case .finished: return
            }
        }
    }

    private static func next(_ state: inout State, _ now: Timestamp) -> QueueStateMachine.Action {
        if state.isAbandoned { return .finished }
        // Nothing can be leased before the worker is registered.
        if state.worker == nil { return state.machine.isDraining ? .finished : .wait(until: .distantFuture) }
        return state.machine.next(now)
    }

    private static func stopOverdue(_ state: inout State, _ now: Timestamp) {
        guard state.nextDeadline <= now else { return }
        state.nextDeadline = .distantFuture
        for index in state.running.indices where !state.running[index].isPastDeadline {
            if state.running[index].deadline <= now {
                state.running[index].stop(for: .timeout, now: now)
                if !state.running[index].isForetaste { state.counters.timedOut += 1 }
            } else {
                state.nextDeadline = min(state.nextDeadline, state.running[index].deadline)
            }
        }
    }

    private func claim(_ limit: Int, _ promotesDue: Bool, _ worker: JobWorkerID) async {
        let (queue, shared, began) = (configuration, shared, time.now())
        do {
            // A claim that a power cut takes back is a job that is ready again, and whoever held it is gone.
            let batch = try await database.writeWithoutSync { transaction in
                try JobStore(transaction: transaction).claim(
                    queue.name, rate: queue.rate, limit: limit, promotesDue: promotesDue, worker: worker,
                    now: shared.now())
            }
            worked(at: Self.claiming, since: began, nil)
            start(batch)
        } catch {
            if worked(at: Self.claiming, since: began, error) {
                logger.warning("jobs could not be claimed", metadata: ["error": "\(error)"])
            }
            claimFailed()
        }
    }

    static let claiming = "jobs cannot be claimed"
    static let ending = "ends of jobs cannot be stored"

    /// Tells the registry of schedules and operators how a piece of the queue's own work went.
    /// - Returns: whether it failed as it did not before.
    @discardableResult
    func worked(at what: String, since began: Timestamp, _ error: (any Error)?) -> Bool {
        let now = time.now()
        let (alarm, isNews) = state.withLock { state -> (Alarm?, Bool) in
            if let error { return (state.alarm, state.faults.failed(what, error, now: now)) }
            state.faults.succeeded(what)
            return (state.alarm, false)
        }
        alarm?.worked(since: began, failure: error.map { "\(what): \($0)" })
        return isNews
    }

    // MARK: - In others' transactions

    var channel: String { name.channel }

    func ride(_ transaction: any SQLTransaction) throws {
        let ride = state.withLock { state -> Ride? in
            // Another try of the same transaction.
            if state.ride != nil { return state.ride }
            state.machine.word()
            guard let worker = state.worker, !state.isAbandoned,
                case .claim(let limit, let promotesDue) = state.machine.next(time.now())
            else { return nil }
            state.ride = Ride(limit: limit, promotesDue: promotesDue, worker: worker)
            return state.ride
        }
        guard let ride else { return }
        let batch = try JobStore(transaction: transaction).claim(
            name, rate: configuration.rate, limit: ride.limit, promotesDue: ride.promotesDue, worker: ride.worker,
            now: shared.now())
        let done = try doImmediate(batch.jobs, in: transaction)
        state.withLock { state in
            state.ride?.batch = batch
            state.ride?.done = done
        }
    }

    func arrived(isCommitted: Bool) {
        let ride = state.withLock { state in
            defer { state.ride = nil }
            return state.ride
        }
        guard let ride else {
            if isCommitted { word() }
            return
        }
        guard isCommitted else {
            state.withLock { $0.machine.claimCalledOff() }
            return signal.raise()
        }
        state.withLock { $0.faults.succeeded(Self.claiming) }
        start(ride.batch, done: ride.done)
        // The loop waits for the next moment that it knew of.
        if state.withLock({ Self.wakes($0, time.now()) }) { signal.raise() }
    }

    private func claimFailed() { state.withLock { $0.machine.claimFailed(time.now()) } }

    /// - Parameter done: those of them that are finished, and stored as such, in the order of the batch.
    private func start(_ batch: JobStore.Batch, done: [JobLease] = []) {
        let (now, sharedNow) = (time.now(), shared.now())
        state.withLock { state in
            state.machine.claimed(
                batch.jobs.count, isMore: batch.isMore, nextDue: batch.nextDue.map(shared.own),
                opensAt: batch.opensAt.map(shared.own), now: now)
            for job in batch.jobs {
                // A transactional handler's time begins when it has the writer, see `began(_:)`.
                let timeout = engine.isTransactional(job) ? nil : timeout(of: job)
                let deadline = timeout.map { now.advanced(byNanoseconds: $0) } ?? .distantFuture
                state.running.append(RunningJob(job, deadline: deadline))
                state.nextDeadline = min(state.nextDeadline, deadline)
                state.counters.started += 1
                let wait = max(0, sharedNow.nanoseconds(since: job.run.runAt))
                state.counters.waitNanoseconds &+= wait
                state.counters.maximumWaitNanoseconds = max(state.counters.maximumWaitNanoseconds, wait)
            }
            if state.nextDeadline < .distantFuture { state.setAlarm() }
        }
        var done = done[...]
        for job in batch.jobs {
            recurring.began(job.run)
            if job.lease == done.first {
                done.removeFirst()
                _ = returned(job)
                settled(job, .completed)
                continue
            }
            // Not a child task: one handler that ignores its cancellation must not keep the process from stopping. There are
            // never more of them than the queue's concurrency, and this loop outlives them unless it is abandoned.
            let executor = engine.isTransactional(job) ? database.executor : nil
            let task = Task(executorPreference: executor) { await self.execute(job) }
            state.withLock { state in
                // Gone when it has returned already.
                guard let index = state.running.firstIndex(where: { $0.job.lease == job.lease }) else { return }
                state.running[index].attach(task)
            }
        }
    }

    /// How long an attempt may take, in nanoseconds; nil is for as long as it likes.
    func timeout(of job: ClaimedJob) -> Int64? {
        let timeout = job.timeout ?? configuration.timeout?.nanoseconds
        guard engine.isTransactional(job) else { return timeout }
        return min(timeout ?? .max, transactionLimit.nanoseconds)
    }

    /// A transactional handler has the writer.
    func began(_ job: ClaimedJob) {
        guard let limit = timeout(of: job) else { return }
        let deadline = time.now().advanced(byNanoseconds: limit)
        state.withLock { state in
            guard let index = state.running.firstIndex(where: { $0.job.lease == job.lease }) else { return }
            state.running[index].deadline = deadline
            guard deadline < state.nextDeadline else { return }
            state.nextDeadline = deadline
            state.setAlarm()
        }
    }

    /// It has done its work, and only the disk is waited for.
    func ended(_ job: ClaimedJob) {
        state.withLock { state in
            guard let index = state.running.firstIndex(where: { $0.job.lease == job.lease }) else { return }
            state.running[index].deadline = .distantFuture
        }
    }

    func recall(of job: ClaimedJob) -> Recall {
        state.withLock { state in state.running.first { $0.job.lease == job.lease }?.recall } ?? Recall()
    }

    // MARK: - For those who run a job

    /// A job is done before its claim is durable. Until ``left(_:)`` it counts as at work: whoever waits for the writer sees for whom.
    func entered(_ job: ClaimedJob, until deadline: Timestamp) -> Recall {
        let running = RunningJob(job, deadline: deadline, isForetaste: true)
        state.withLock { state in
            state.running.append(running)
            guard deadline < state.nextDeadline else { return }
            state.nextDeadline = deadline
            state.setAlarm()
        }
        return running.recall
    }

    func left(_ job: ClaimedJob) { state.withLock { $0.running.removeAll { $0.job.lease == job.lease } } }

    /// Its handler has returned: the slot is free for the next one, while the end is being stored.
    /// - Returns: why the handler was told to stop, if it was.
    func returned(_ job: ClaimedJob) -> RunningJob.Stop? {
        let now = time.now()
        let worked = shared.now().nanoseconds(since: job.run.startedAt)
        let (stop, isAwake) = state.withLock { state -> (RunningJob.Stop?, Bool) in
            state.machine.returned()
            state.settling.append(job.lease)
            state.counters.workNanoseconds &+= worked
            let index = state.running.firstIndex { $0.job.lease == job.lease }
            return (index.flatMap { state.running.remove(at: $0).stop }, Self.wakes(state, now))
        }
        if isAwake { signal.raise() }
        return stop
    }

    /// Whether the loop has something to do, or waits for a moment later than it would now.
    private static func wakes(_ state: borrowing State, _ now: Timestamp) -> Bool {
        state.machine.isAwake(now) || state.machine.nextLook < state.awaited
    }

    /// - Parameters:
    ///   - end: nil when it could not be stored: the job is leased and nobody's, and ``JobWorker/giveBackStrays()`` finds it.
    ///   - failure: what the attempt failed for.
    func settled(_ job: ClaimedJob, _ end: JobEnd?, failure: String? = nil) {
        let now = time.now()
        recurring.ended(job.run, at: now, failure: failure ?? end?.failure ?? (end == nil ? Self.ending : nil))
        let isAwake = state.withLock { state in
            state.settling.removeAll { $0 == job.lease }
            state.machine.settled()
            if let end {
                state.counters.count(end, now: now)
                state.faults.succeeded(Self.ending)
            }
            return Self.wakes(state, now)
        }
        if isAwake { signal.raise() }
        if end != nil { observer?(job.run) }
    }

    /// The leases that somebody here works on.
    var leases: [JobLease] { state.withLock { $0.running.map(\.job.lease) + $0.settling } }

    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }
}
