import Jobs
import Scheduling
import TradingCore

/// Sending messages, as `OutboxRelay` does.
extension ServerNode {
    func outboxSteps() -> [SimulationStep] {
        var steps: [SimulationStep] = []
        if outboxAt <= now, batches.count < setup.switches.outbox.lanesPerClaim {
            steps.append(SimulationStep("claim lanes") { [unowned self] in try claimLanes() })
        }
        for (index, work) in batches.enumerated() {
            if let delivery = work.delivery {
                steps.append(
                    SimulationStep("acknowledge \(work.batch.lane)") { [unowned self] in
                        try acknowledge(index, delivery)
                    })
            } else {
                steps.append(SimulationStep("send \(work.batch.lane)") { [unowned self] in try send(index) })
            }
        }
        return steps
    }

    private func claimLanes() throws {
        let (rules, now) = (setup.switches.outbox, now)
        let limit = rules.lanesPerClaim - batches.count
        outboxAt = now.advanced(byNanoseconds: Nanoseconds.milliseconds(50))
        try attempt {
            let (claimed, next) = try world.transact("claim lanes") { transaction in
                let outbox = Outbox(transaction: transaction, rules: rules)
                return (try outbox.claim(limit: limit, now: now), try outbox.nextReady(now: now))
            }
            for batch in claimed { batches.append(HeldBatch(batch: batch)) }
            let poll = now.advanced(byNanoseconds: setup.switches.pollInterval)
            outboxAt = claimed.isEmpty ? min(poll, max(next ?? poll, now)) : now
        }
    }

    private func send(_ index: Int) throws {
        let work = batches[index]
        guard work.sent < work.batch.messages.count, now < work.batch.leasedUntil else {
            batches[index].delivery = .sent(work.sent)
            return
        }
        let isReversed = setup.mutation == .reversedLane
        let place = isReversed ? work.batch.messages.count - 1 - work.sent : work.sent
        let message = work.batch.messages[place]
        do {
            try deliver(message)
            batches[index].sent += 1
            if batches[index].sent == work.batch.messages.count { batches[index].delivery = .sent(work.sent + 1) }
        } catch is RequestTimedOut {
            batches[index].delivery = .failed(sent: work.sent, reason: "no answer")
        }
    }

    private func deliver(_ message: OutboxMessage) throws {
        let fault = world.fault(FaultKind.ofDeliveries, likelihood: 2, "send \(message.name)")
        if fault?.kind == .requestLost { throw RequestTimedOut() }
        try setup.sink(message, world)
        if fault?.kind == .deliveredTwice { try setup.sink(message, world) }
        if fault?.kind == .answerLost { throw RequestTimedOut() }
    }

    private func acknowledge(_ index: Int, _ delivery: OutboxDelivery) throws {
        let (batch, rules, now) = (batches[index].batch, setup.switches.outbox, now)
        batches.remove(at: index)
        outboxAt = min(outboxAt, now)
        // What could not be booked is sent again when the lease is over.
        try attempt {
            _ = try world.transact("acknowledge \(batch.lane)") {
                try Outbox(transaction: $0, rules: rules).acknowledge(batch, delivery, now: now)
            }
        }
    }
}
