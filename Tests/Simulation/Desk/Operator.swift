import Jobs
import Ledger
import Persistence
import Scheduling
import TradingCore

/// A person who pauses, cancels, retries and discards, and who sees to everything that waits for one in the end.
final class Operator: SimulationParticipant {
    let name = "operator"
    private let queues: [QueueName]
    private let runner: SagaRunner<Payout, PayoutInterpreter>
    private let rules: OutboxRules
    private var looksAt = SimulationWorld.start

    init(_ queues: [QueueName], _ runner: SagaRunner<Payout, PayoutInterpreter>, _ rules: OutboxRules) {
        self.queues = queues
        self.runner = runner
        self.rules = rules
    }

    func nextMoment(_ world: SimulationWorld) -> Timestamp? { looksAt }

    func steps(_ world: SimulationWorld) -> [SimulationStep] {
        guard looksAt <= world.now else { return [] }
        return [
            SimulationStep("looks", weight: 10, isUpkeep: true) { [unowned self] in
                var random = world.draw(name)
                let wait = world.isHealing ? 400 : 30 + Int64(random.below(300))
                looksAt = world.now.advanced(byNanoseconds: Nanoseconds.milliseconds(wait))
                do { try world.isHealing ? settleAll(world) : interfere(world, &random) } catch let error
                    where isExpected(error)
                {
                    world.note("  \(error)")
                }
            }
        ]
    }

    // MARK: - While things go wrong

    private func interfere(_ world: SimulationWorld, _ random: inout SplitMix64) throws {
        let now = world.now
        let queue = queues[Int(random.below(UInt64(queues.count)))]
        switch random.below(8) {
        case 0: try world.transact("pause \(queue.rawValue)") { try JobStore(transaction: $0).pause(queue, now: now) }
        case 1, 2:
            try world.transact("resume") { transaction in
                let store = JobStore(transaction: transaction)
                for paused in try store.pausedQueues() { try store.resume(paused) }
            }
        case 3:
            let draw = random.next()
            try world.transact("cancel a line") { transaction in
                let ids = try Self.lines(transaction)
                if ids.isEmpty { return }
                _ = try JobStore(transaction: transaction).cancel(ids[Int(draw % UInt64(ids.count))], now: now)
            }
        case 4:
            let draw = random.next()
            try world.transact("discard a line") { transaction in
                let store = JobStore(transaction: transaction)
                let dead = try store.newestDead(StatementLine.queue, limit: 10).filter { $0.kind == StatementLine.kind }
                if !dead.isEmpty { _ = try store.discard(dead[Int(draw % UInt64(dead.count))].id, now: now) }
            }
        default: try world.transact("retry") { try retryAll($0, now) }
        }
    }

    private static func lines(_ transaction: any SQLTransaction) throws -> [JobID] {
        try transaction.rows(
            """
            SELECT id FROM jobs WHERE kind = \(StatementLine.kind) AND finished_at IS NULL AND state <> 'dead' ORDER BY id
            """
        ).map { try $0.get(0) }
    }

    private func retryAll(_ transaction: any SQLTransaction, _ now: Timestamp) throws {
        let store = JobStore(transaction: transaction)
        for queue in queues {
            for job in try store.newestDead(queue, limit: 100) where job.kind != Orphan.kind {
                _ = try store.retry(job.id, now: now)
            }
        }
        let outbox = Outbox(transaction: transaction, rules: rules)
        for report in try outbox.failingLanes() where report.isParked { try outbox.retry(report.lane, now: now) }
    }

    // MARK: - In the end

    private func settleAll(_ world: SimulationWorld) throws {
        let now = world.now
        try world.transact("settle") { transaction in
            let store = JobStore(transaction: transaction)
            for paused in try store.pausedQueues() { try store.resume(paused) }
            try retryAll(transaction, now)
            try LedgerStore(transaction: transaction).expireDue(now: now).check()
            for saga in try SagaStore(transaction: transaction).list(kind: Payout.kind, status: .parked) {
                _ = try runner.retry(saga.id, by: name, in: transaction, now: now)
            }
        }
    }
}
