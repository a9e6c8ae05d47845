import Jobs
import Scheduling
public import TradingCore

/// A server process: what it keeps in memory, and its loops cut into steps.
///
/// The decisions are the real ones: `QueueStateMachine` says when to look for jobs, `JobStore` and `JobEngine` what happens
/// to them, `Outbox` to messages. What is rewritten here is the shell around them: `QueueRunner`, `JobWorker` and
/// `OutboxRelay`, which are made of tasks, and so have no defined order.
public final class ServerNode: SimulationParticipant {
    public let name: String
    public let isProcess = true
    let setup: ServerSetup
    /// Of its clock, from the world's.
    let skew: Int64
    unowned let world: SimulationWorld

    // Memory: gone with the process.
    var isUp = false
    var startsAt = Timestamp.distantPast
    var worker: JobWorkerID?
    var seats: [QueueSeat] = []
    var held: [HeldJob] = []
    var batches: [HeldBatch] = []
    var mustLookForCancels = false
    var outboxAt = Timestamp.distantPast
    var heartbeatAt = Timestamp.distantPast
    var rescueAt = Timestamp.distantPast
    var watch: WorkerWatch
    var tickAt = Timestamp.distantPast
    var retentionAt = Timestamp.distantPast
    /// How often it was the turn of a queue.
    var retained = 0

    public init(_ name: String, _ setup: ServerSetup, skew: Int64 = 0, world: SimulationWorld) {
        self.name = name
        self.setup = setup
        self.skew = skew
        self.world = world
        watch = WorkerWatch(
            lease: setup.switches.leaseNanoseconds, rescueInterval: setup.switches.rescueInterval)
    }

    var now: Timestamp { world.now.advanced(byNanoseconds: skew) }

    // MARK: - Life

    public func crashed(_ world: SimulationWorld) {
        forget()
        startsAt = now.advanced(byNanoseconds: pause(600))
    }

    private func pause(_ milliseconds: UInt64) -> Int64 {
        var random = world.draw("\(name) is down")
        return Int64(random.below(milliseconds)) * Nanoseconds.perMillisecond
    }

    private func forget() {
        isUp = false
        worker = nil
        seats = []
        held = []
        batches = []
    }

    private func start() throws {
        seats = setup.queues.map { queue in
            QueueSeat(
                configuration: queue,
                machine: QueueStateMachine(
                    concurrency: queue.concurrency, maximumBatch: setup.switches.maximumBatch,
                    pollInterval: setup.switches.pollInterval, retryInterval: Nanoseconds.milliseconds(50)))
        }
        (outboxAt, heartbeatAt, rescueAt, tickAt, retentionAt) = (now, now, now, now, now)
        watch.forget()
        isUp = true
        let (schedules, now) = (setup.schedules, now)
        try attempt {
            try world.transact("define schedules") {
                try JobScheduleStore(transaction: $0).define(schedules, now: now)
            }
        }
    }

    /// Stops in good order: what it still holds goes back.
    private func stop() throws {
        if let worker {
            let now = now
            try attempt {
                try world.transact("leave") { try JobWorkerStore(transaction: $0).leave(worker, now: now) }
            }
        }
        forget()
        startsAt = now.advanced(byNanoseconds: pause(300))
    }

    /// Does what a loop would try again after an error that a fault made.
    /// - Returns: whether it worked.
    @discardableResult
    func attempt(_ body: () throws -> Void) throws -> Bool {
        do {
            try body()
            return true
        } catch let error where isExpected(error) {
            world.note("  \(error)")
            return false
        }
    }

    // MARK: - Steps

    public func steps(_ world: SimulationWorld) -> [SimulationStep] {
        guard isUp else {
            return startsAt <= now ? [SimulationStep("start", weight: 10) { [unowned self] in try start() }] : []
        }
        var steps = maintenanceSteps()
        steps += jobSteps()
        steps += outboxSteps()
        if setup.switches.stopsInOrder, !world.isHealing {
            steps.append(SimulationStep("stop", weight: 1) { [unowned self] in try stop() })
        }
        return steps
    }

    public func nextMoment(_ world: SimulationWorld) -> Timestamp? {
        guard isUp else { return startsAt.advanced(byNanoseconds: -skew) }
        var next = min(rescueAt, outboxAt)
        if !world.isHealing { next = min(next, heartbeatAt, tickAt, retentionAt) }
        if worker == nil { next = min(next, heartbeatAt) }
        for seat in seats {
            if case .wait(let moment) = seat.action(now) { next = min(next, moment) }
        }
        return next.advanced(byNanoseconds: -skew)
    }

    public func heard(_ channel: String) {
        guard isUp else { return }
        if channel == Outbox.channel { outboxAt = min(outboxAt, now) }
        if channel == QueueName.controlChannel { mustLookForCancels = true }
        for index in seats.indices where seats[index].configuration.name.channel == channel {
            seats[index].machine.word()
        }
    }
}
