import Jobs
import Persistence
import Scheduling
import TradingCore

/// What a worker does at times, as `JobMaintenance` does.
extension ServerNode {
    func maintenanceSteps() -> [SimulationStep] {
        var steps: [SimulationStep] = []
        if heartbeatAt <= now {
            steps.append(
                SimulationStep(worker == nil ? "register" : "heartbeat", weight: 15, isUpkeep: worker != nil) {
                    [unowned self] in
                    try heartbeat()
                })
        }
        if rescueAt <= now {
            steps.append(SimulationStep("rescue", weight: 10, isUpkeep: true) { [unowned self] in try rescue() })
        }
        if tickAt <= now, !world.isHealing {
            steps.append(SimulationStep("tick", weight: 15, isUpkeep: worker != nil) { [unowned self] in try tick() })
        }
        if retentionAt <= now, !world.isHealing {
            steps.append(
                SimulationStep("retention", weight: 5, isUpkeep: worker != nil) { [unowned self] in try retain() })
        }
        if mustLookForCancels, worker != nil, !held.isEmpty {
            steps.append(
                SimulationStep("look for cancels", weight: 15, isUpkeep: worker != nil) { [unowned self] in
                    try lookForCancels()
                })
        }
        return steps
    }

    private func heartbeat() throws {
        guard let worker else { return try register() }
        let (lease, now) = (setup.switches.lease, now)
        heartbeatAt = now.advanced(byNanoseconds: setup.switches.heartbeatInterval)
        try attempt {
            let isAlive = try world.transact("heartbeat") {
                try JobWorkerStore(transaction: $0).heartbeat(worker, lease: lease, now: now)
            }
            if isAlive { return }
            // What it runs is told to stop, which a handler may ignore: it goes on here, and must change nothing.
            self.worker = nil
            heartbeatAt = now
        }
    }

    private func register() throws {
        let (lease, now) = (setup.switches.lease, now)
        heartbeatAt = now.advanced(byNanoseconds: Nanoseconds.milliseconds(20))
        try attempt {
            worker = try world.transact("register") {
                try JobWorkerStore(transaction: $0).register(
                    node: name, ownsDatabase: false, lease: lease, now: now)
            }
            for index in seats.indices { seats[index].machine.word() }
            heartbeatAt = now.advanced(byNanoseconds: setup.switches.heartbeatInterval)
            rescueAt = now
        }
    }

    private func rescue() throws {
        let (worker, limit, now) = (worker, setup.switches.maximumBatch, now)
        mustLookForCancels = true
        // Once faults are over hardly anybody is left to be rescued.
        let interval = setup.switches.rescueInterval
        rescueAt = now.advanced(
            byNanoseconds: world.isHealing ? max(interval, Nanoseconds.milliseconds(500)) : interval)
        try attempt { try giveUpTheDead() }
        try attempt {
            let rescue = try world.transact("rescue") {
                try JobWorkerStore(transaction: $0).rescue(own: worker, limit: limit, now: now)
            }
            if rescue.isMore { rescueAt = now }
        }
        try giveBackStrays()
    }

    private func giveUpTheDead() throws {
        let (worker, now) = (worker, now)
        do {
            let sightings = try world.transact("look at workers") {
                try JobWorkerStore(transaction: $0).sightings(besides: worker)
            }
            let dead = watch.still(sightings, began: now, ended: self.now)
            if dead.isEmpty { return }
            try world.transact("give up the dead") { transaction in
                for sighting in dead { try JobWorkerStore(transaction: transaction).giveUp(sighting) }
            }
        } catch {
            watch.forget()
            throw error
        }
    }

    private func giveBackStrays() throws {
        guard let worker else { return }
        let (now, leases) = (now, held.map(\.job.lease))
        let cutoff = now.advanced(byNanoseconds: -setup.switches.leaseNanoseconds)
        try attempt {
            _ = try world.transact("give back strays") {
                try JobWorkerStore(transaction: $0).giveBackStrays(
                    of: worker, working: leases, claimedBefore: cutoff, now: now)
            }
        }
    }

    private func tick() throws {
        let (schedules, now, mutation) = (setup.schedules, now, setup.mutation)
        tickAt = now.advanced(byNanoseconds: Nanoseconds.milliseconds(50))
        try attempt {
            let next = try world.transact("tick") { transaction in
                let due = try JobScheduleStore(transaction: transaction).entries().filter { $0.nextAt <= now }
                let next = try JobScheduleStore(transaction: transaction).tick(schedules, now: now).next
                if mutation == .unguardedTick, let first = due.first {
                    try transaction.execute(
                        "UPDATE job_schedules SET next_at = \(first.nextAt) WHERE name = \(first.name)")
                }
                return next
            }
            tickAt = next ?? now.advanced(byNanoseconds: Nanoseconds.seconds(60))
        }
    }

    private func retain() throws {
        let (now, limit, rules) = (now, setup.switches.maximumBatch, setup.switches.outbox)
        retentionAt = now.advanced(byNanoseconds: setup.switches.retentionInterval)
        try attempt {
            retained += 1
            let queue = setup.queues[retained % setup.queues.count]
            try world.transact("retention") { transaction in
                _ = try JobStore(transaction: transaction).removeFinished(queue, limit: limit, now: now)
                _ = try Outbox(transaction: transaction, rules: rules).sweep(limit: limit, now: now)
            }
        }
    }

    private func lookForCancels() throws {
        guard let worker else { return }
        mustLookForCancels = false
        try attempt {
            let ids = try world.transact("look for cancels") {
                try JobStore(transaction: $0).cancelRequests(worker)
            }
            for index in held.indices where ids.contains(held[index].job.id) {
                guard case .claimed = held[index].stage else { continue }
                // Before its handler began: afterwards it has finished what it did.
                returned(index, .failed(CancellationError()))
            }
        }
    }
}
