import Jobs
import Persistence
import Scheduling
import TradingCore

/// Claiming and running jobs, as `QueueRunner` does.
extension ServerNode {
    func jobSteps() -> [SimulationStep] {
        var steps: [SimulationStep] = []
        if worker != nil {
            for index in seats.indices {
                guard case .claim = seats[index].action(now) else { continue }
                steps.append(
                    SimulationStep("claim \(seats[index].configuration.name.rawValue)") { [unowned self] in
                        try claim(index)
                    })
            }
        }
        for (index, work) in held.enumerated() {
            switch work.stage {
            case .claimed:
                steps.append(
                    SimulationStep("run \(work.job.run.kind) \(work.job.id)") { [unowned self] in
                        try run(index)
                    })
            case .decided(let outcome):
                steps.append(SimulationStep("book \(work.job.id)") { [unowned self] in try book(index, outcome) })
            case .failed(let error):
                steps.append(
                    SimulationStep("book failure \(work.job.id)") { [unowned self] in
                        try bookFailure(index, error)
                    })
            }
        }
        return steps
    }

    private func claim(_ index: Int) throws {
        let (queue, now) = (seats[index].configuration, now)
        guard let worker, case .claim(let limit, let promotesDue) = seats[index].machine.next(now) else { return }
        let worked = try attempt {
            let batch = try world.transact("claim \(queue.name.rawValue)") {
                try JobStore(transaction: $0).claim(
                    queue.name, rate: queue.rate, limit: limit, promotesDue: promotesDue, worker: worker, now: now)
            }
            seats[index].machine.claimed(
                batch.jobs.count, isMore: batch.isMore, nextDue: batch.nextDue, opensAt: batch.opensAt, now: now)
            for job in batch.jobs { held.append(HeldJob(job: job, queue: index)) }
        }
        if !worked { seats[index].machine.claimFailed(now) }
    }

    // MARK: - Running

    private func run(_ index: Int) throws {
        let job = held[index].job
        let fault = world.fault(FaultKind.ofHandlers, likelihood: 3, "handler \(job.run.kind) \(job.id)")
        do {
            if let handler = setup.outside.first(where: { $0.kind == job.run.kind }) {
                let outcome = try handler.perform(job.arguments, job.run, world)
                if fault != nil { throw HandlerBroke() }
                returned(index, .decided(outcome))
                return
            }
            let (engine, now, mutation) = (setup.engine, now, setup.mutation)
            _ = try world.transact("perform \(job.run.kind) \(job.id)") { transaction -> JobState? in
                if mutation == .noFencing { try Self.takeBack(job, transaction) }
                let state = try engine.perform(job, now: now, in: transaction)
                if fault != nil { throw HandlerBroke() }
                return state
            }
            returned(index, nil)
            settled(index)
        } catch let error where isExpected(error) {
            world.note("  \(error)")
            returned(index, .failed(error))
        }
    }

    /// Makes a job look as if it still were its first holder's.
    private static func takeBack(_ job: ClaimedJob, _ transaction: any SQLTransaction) throws {
        try transaction.execute(
            """
            UPDATE jobs SET state = 'running', claims = \(job.lease.number), worker_id = \(job.lease.worker),
                finished_at = NULL
            WHERE id = \(job.id) AND claims > \(job.lease.number)
            """)
    }

    /// Its handler has returned: its slot is free.
    func returned(_ index: Int, _ stage: HeldJob.Stage?) {
        seats[held[index].queue].machine.returned()
        if let stage { held[index].stage = stage }
    }

    private func settled(_ index: Int) {
        seats[held[index].queue].machine.settled()
        held.remove(at: index)
    }

    // MARK: - Booking

    private func book(_ index: Int, _ outcome: OutsideOutcome) throws {
        let (job, now) = (held[index].job, now)
        do {
            try world.transact("book \(job.id)") { transaction in
                let store = JobStore(transaction: transaction)
                switch outcome {
                case .done: _ = try store.complete(job, now: now)
                case .commit(let effect): if try store.complete(job, now: now) { try effect(transaction, now) }
                case .snooze(let duration): _ = try store.fail(job, .snooze(duration), reason: nil, now: now)
                }
            }
            settled(index)
        } catch let error as SQLError where error.isOfTheEngine {
            // Tried again until it works.
            world.note("  \(error)")
        } catch let error where isExpected(error) {
            world.note("  \(error)")
            held[index].stage = .failed(error)
        }
    }

    private func bookFailure(_ index: Int, _ error: any Error) throws {
        let (job, now, engine) = (held[index].job, now, setup.engine)
        let isOutside = setup.outside.contains { $0.kind == job.run.kind }
        let worked = try attempt {
            try world.transact("book failure \(job.id)") { transaction in
                let store = JobStore(transaction: transaction)
                if let fault = error as? SQLError, fault.isOfTheEngine {
                    _ = try store.fail(job, .snooze(.milliseconds(50)), reason: "\(error)", now: now)
                } else if isOutside {
                    _ = try store.fail(job, .standard(for: error), reason: "\(error)", now: now)
                } else {
                    _ = try engine.fail(job, error, now: now, in: transaction)
                }
            }
        }
        if worked { settled(index) }
    }
}
