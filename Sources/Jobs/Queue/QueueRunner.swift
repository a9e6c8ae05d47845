import Logging
import Persistence
import Scheduling
import Synchronization
import TradingCore

/// Works on one queue: feeds ``QueueStateMachine`` with what happens and does what it says.
final class QueueRunner: Sendable {
    private struct State {
        var machine: QueueStateMachine
        /// At most as many as the queue's concurrency, in the order of their start.
        var running: [RunningJob] = []
        /// Of jobs whose handlers have returned and whose ends are being stored.
        var settling: [JobLease] = []
        /// The earliest moment at which a running job may be past its timeout.
        var nextDeadline = Timestamp.distantFuture
        var counters = JobCounters()
        var worker: JobWorkerID?
        /// Not to be waited for any more.
        var isAbandoned = false
    }

    let configuration: QueueConfiguration
    let database: any SQLDatabase
    let engine: JobEngine
    let time: any TimeSource
    let logger: Logger
    private let observer: (@Sendable (JobRun) -> Void)?
    private let state: Mutex<State>
    private let signal = Signal()

    var name: QueueName { configuration.name }

    init(
        _ configuration: QueueConfiguration, worker: JobWorkerConfiguration, database: any SQLDatabase,
        engine: JobEngine, time: any TimeSource, logger: Logger
    ) {
        self.configuration = configuration
        self.database = database
        self.engine = engine
        self.time = time
        observer = worker.observer
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

    func wake() { signal.raise() }

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
        state.withLock { state in for index in state.running.indices { state.running[index].stop(for: reason) } }
    }

    func stop(_ ids: [JobID], for reason: RunningJob.Stop) {
        state.withLock { state in
            for index in state.running.indices where ids.contains(state.running[index].job.id) {
                state.running[index].stop(for: reason)
            }
        }
    }

    var report: JobWorkerReport.Queue {
        state.withLock { state in
            JobWorkerReport.Queue(
                name: name, concurrency: configuration.concurrency, running: state.machine.running,
                overdue: state.running.count { $0.stop == .timeout }, counters: state.counters)
        }
    }

    // MARK: - The loop

    /// Runs jobs until it is drained or abandoned.
    func run(_ alarm: Alarm) async {
        defer { alarm.set(.distantFuture) }
        while true {
            let now = time.now()
            let (action, worker, deadline) = state.withLock { state in
                Self.stopOverdue(&state, now)
                return (Self.next(&state, now), state.worker, state.nextDeadline)
            }
            switch action {
            case .claim(let limit, let promotesDue):
                if let worker { await claim(limit, promotesDue, worker) } else { claimFailed() }
            case .wait(let moment):
                alarm.set(min(moment, deadline))
                await signal.wait()
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
        for index in state.running.indices where state.running[index].stop == nil {
            if state.running[index].deadline <= now {
                state.running[index].stop(for: .timeout)
                state.counters.timedOut += 1
            } else {
                state.nextDeadline = min(state.nextDeadline, state.running[index].deadline)
            }
        }
    }

    private func claim(_ limit: Int, _ promotesDue: Bool, _ worker: JobWorkerID) async {
        let (queue, time) = (configuration, time)
        do {
            // A claim that a power cut takes back is a job that is ready again, and whoever held it is gone.
            let batch = try await database.writeWithoutSync { transaction in
                try JobStore(transaction: transaction).claim(
                    queue.name, rate: queue.rate, limit: limit, promotesDue: promotesDue, worker: worker,
                    now: time.now())
            }
            start(batch, of: limit)
        } catch {
            logger.warning("jobs could not be claimed", metadata: ["error": "\(error)"])
            claimFailed()
        }
    }

    private func claimFailed() { state.withLock { $0.machine.claimFailed(time.now()) } }

    private func start(_ batch: JobStore.Batch, of limit: Int) {
        let now = time.now()
        state.withLock { state in
            state.machine.claimed(
                batch.jobs.count, of: limit, nextDue: batch.nextDue, opensAt: batch.opensAt, now: now)
            for job in batch.jobs {
                let timeout = job.timeout ?? configuration.timeout?.nanoseconds
                let deadline = timeout.map { now.advanced(byNanoseconds: $0) } ?? .distantFuture
                state.running.append(RunningJob(job, deadline: deadline))
                state.nextDeadline = min(state.nextDeadline, deadline)
                state.counters.started += 1
                let wait = max(0, now.nanoseconds(since: job.run.runAt))
                state.counters.waitNanoseconds &+= wait
                state.counters.maximumWaitNanoseconds = max(state.counters.maximumWaitNanoseconds, wait)
            }
        }
        for job in batch.jobs {
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

    // MARK: - For those who run a job

    /// Its handler has returned: the slot is free for the next one, while the end is being stored.
    /// - Returns: why the handler was told to stop, if it was.
    func returned(_ job: ClaimedJob) -> RunningJob.Stop? {
        let elapsed = time.now().nanoseconds(since: job.run.startedAt)
        let stop = state.withLock { state -> RunningJob.Stop? in
            state.machine.returned()
            state.settling.append(job.lease)
            state.counters.workNanoseconds &+= elapsed
            guard let index = state.running.firstIndex(where: { $0.job.lease == job.lease }) else { return nil }
            return state.running.remove(at: index).stop
        }
        signal.raise()
        return stop
    }

    /// - Parameter end: nil when it could not be stored: the job is leased and nobody's, and ``JobWorker/giveBackStrays()`` finds it.
    func settled(_ job: ClaimedJob, _ end: JobEnd?) {
        state.withLock { state in
            state.settling.removeAll { $0 == job.lease }
            state.machine.settled()
            if let end { state.counters.count(end) }
        }
        signal.raise()
        if end != nil { observer?(job.run) }
    }

    /// The leases that somebody here works on.
    var leases: [JobLease] { state.withLock { $0.running.map(\.job.lease) + $0.settling } }

    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }
}
