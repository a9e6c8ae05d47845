import Jobs
import Ledger
import Persistence
import Scheduling
import TradingCore

/// What the desk does with each thing that comes in: state, entries, jobs and messages in one transaction, once.
struct Desk {
    let runner: SagaRunner<Payout, PayoutInterpreter>
    let mutation: DeskMutation?
    /// Of statement lines: drawn from the seed.
    let deadLetterHoldsKey: Bool

    func take(_ item: Inbox.Item, _ world: SimulationWorld) throws {
        switch item {
        case .snapshot(let id, let customer, let amount): try takeSnapshot(id, customer, amount, world)
        case .order(let id, let customer, let amount):
            try takeRequest(id, item, world) { try place(id, customer, amount, $0, world.now) }
        case .withdrawal(let id, let customer, let amount):
            try takeRequest(id, item, world) { transaction in
                let source = try DeskMoney.customer(customer)
                try startPayout(id, source, payee: customer, amount, transaction, world.now)
            }
        case .hold(let id, let customer, let amount, let milliseconds):
            try takeRequest(id, item, world) { try hold(id, customer, amount, milliseconds, $0, world.now) }
        case .cancelOrder(let id): try cancel(id, world)
        case .revokeWithdrawal(let id): try revoke(id, world)
        case .fill(let order, let id, let amount): try book(fill: id, of: order, amount, world)
        case .closed(let order, let total):
            try world.transact("closed \(order)") { transaction in
                var job = try NewJob(CloseOrder(order: order, total: total))
                job.options.serialKey = "order-\(order)"
                job.options.id = "close-\(order)"
                try JobStore(transaction: transaction).enqueue(job, now: world.now)
            }
        }
    }

    // MARK: - Money in

    private func takeSnapshot(_ id: String, _ customer: String, _ amount: Int64, _ world: SimulationWorld) throws {
        let now = world.now
        // The same at each delivery.
        var random = SplitMix64(seed: world.seed &+ UInt64(amount))
        let line = try statementLine(id, customer, &random)
        let isOrphanMade = random.below(12) == 0
        let isFirst = try world.transact("snapshot \(id)") { transaction in
            let effect = {
                let isKnown = Customers.ids.contains(customer)
                try DeskLog(transaction: transaction).add("disposition", id, isKnown ? "credited" : "refunded", amount)
                let target = isKnown ? try DeskMoney.customer(customer) : try DeskMoney.strays()
                try LedgerStore(transaction: transaction).apply(
                    LedgerPosting(
                        key: "snapshot:\(id)",
                        .transfer(from: try DeskMoney.network(), to: target, FixedDecimal(amount))), now: now)
                if !isKnown { return try startPayout("r-\(id)", target, payee: customer, amount, transaction, now) }
                let jobs = JobStore(transaction: transaction)
                if mutation != .followUpAfterCommit { try jobs.enqueue(line, now: now) }
                if isOrphanMade { try jobs.enqueue(Orphan(), now: now) }
                try Outbox(transaction: transaction).put(
                    topic: "notices", key: customer, name: "credited \(id)", payload: Array("\(amount)".utf8), now: now)
                if mutation == .moneyFromNowhere { try Self.makeMoney(target, transaction) }
            }
            if mutation == .depositWithoutReceipt {
                try effect()
                return true
            }
            return try Receipts(transaction: transaction).once(
                consumer: "snapshots", key: id, content: "\(customer) \(amount)", now: now, effect)
        }
        if mutation == .followUpAfterCommit, isFirst, Customers.ids.contains(customer) {
            _ = try world.transact("follow up \(id)") { try JobStore(transaction: $0).enqueue(line, now: now) }
        }
    }

    private static func makeMoney(_ account: LedgerAccount, _ transaction: any SQLTransaction) throws {
        guard let balance = try LedgerStore(transaction: transaction).balance(of: account) else { return }
        let more = FixedDecimal(raw: balance.available.raw + 1)
        try transaction.execute("UPDATE ledger_accounts SET available = \(more) WHERE path = \(account.path)")
    }

    private func statementLine(_ id: String, _ customer: String, _ random: inout SplitMix64) throws -> NewJob {
        var options = JobOptions(
            attempts: Int(random.below(3)) + 1,
            backoff: .exponential(.milliseconds(10), maximum: .milliseconds(100), jitter: 0.3),
            priority: Int(random.below(3)) - 1, serialKey: "statement-\(customer)",
            deadLetterHoldsKey: deadLetterHoldsKey)
        options.id = "line-\(id)"
        if random.below(3) == 0 { options.start = .after(.milliseconds(Int64(random.below(400)))) }
        return try NewJob(StatementLine(snapshot: id, customer: customer), options)
    }

    // MARK: - Requests

    /// Does what is asked, once. A refusal is an answer too, and stays one.
    private func takeRequest(
        _ id: String, _ item: Inbox.Item, _ world: SimulationWorld, _ body: (any SQLTransaction) throws -> Void
    ) throws {
        let now = world.now
        do {
            try world.transact("request \(id)") { transaction in
                _ = try Receipts(transaction: transaction).once(
                    consumer: "requests", key: id, content: "\(item)", now: now
                ) {
                    try body(transaction)
                    return "done"
                }
            }
        } catch LedgerError.overdraw {
            try world.transact("refuse \(id)") { transaction in
                _ = try Receipts(transaction: transaction).once(
                    consumer: "requests", key: id, content: "\(item)", now: now
                ) { "refused" }
            }
        }
    }

    private func place(
        _ id: String, _ customer: String, _ amount: Int64, _ transaction: any SQLTransaction, _ now: Timestamp
    ) throws {
        let step = LedgerStep.reserve(
            from: try DeskMoney.customer(customer), to: try DeskMoney.market(DeskMoney.quote), FixedDecimal(amount))
        try LedgerStore(transaction: transaction).apply(
            LedgerPosting(key: DeskMoney.orderLock(id).key, step), now: now)
        try transaction.execute(
            "INSERT INTO desk_orders (id, customer, filled, is_closed) VALUES (\(id), \(customer), '0', 0)")
        var job = try NewJob(PlaceOrder(order: id, amount: amount))
        job.options.serialKey = mutation == .noSerialKey ? nil : "order-\(id)"
        try JobStore(transaction: transaction).enqueue(job, now: now)
    }

    private func cancel(_ id: String, _ world: SimulationWorld) throws {
        try world.transact("cancel \(id)") { transaction in
            // An order that was refused, or has not come yet.
            guard try transaction.row("SELECT 1 FROM desk_orders WHERE id = \(id)") != nil else { return }
            var job = try NewJob(CancelOrder(order: id))
            job.options.serialKey = mutation == .noSerialKey ? nil : "order-\(id)"
            job.options.id = "cancel-\(id)"
            try JobStore(transaction: transaction).enqueue(job, now: world.now)
        }
    }

    private func hold(
        _ id: String, _ customer: String, _ amount: Int64, _ milliseconds: Int64, _ transaction: any SQLTransaction,
        _ now: Timestamp
    ) throws {
        let expiry = now.advanced(byNanoseconds: Nanoseconds.milliseconds(400))
        let step = LedgerStep.reserve(
            from: try DeskMoney.customer(customer), to: try DeskMoney.revenue(), FixedDecimal(amount),
            expiresAt: expiry)
        try LedgerStore(transaction: transaction).apply(
            LedgerPosting(key: DeskMoney.holdLock(id).key, step), now: now)
        var job = try NewJob(CaptureHold(hold: id))
        job.options.start = .after(.milliseconds(milliseconds))
        try JobStore(transaction: transaction).enqueue(job, now: now)
    }

    // MARK: - Money out

    private func startPayout(
        _ id: String, _ source: LedgerAccount, payee: String, _ amount: Int64, _ transaction: any SQLTransaction,
        _ now: Timestamp
    ) throws {
        let state = Payout.State(
            source: source.path, payee: payee, amount: amount, requestID: StableID.uuid("payout", id),
            deadline: now.advanced(byNanoseconds: runner.process.patience))
        try runner.start(id, state, commands: [.lock(state), .pay(state)], cause: "desk", in: transaction, now: now)
    }

    private func revoke(_ id: String, _ world: SimulationWorld) throws {
        try world.transact("revoke \(id)") { transaction in
            guard try SagaStore(transaction: transaction).find(kind: Payout.kind, id: id) != nil else { return }
            try runner.send(
                .revokeAsked, eventID: "revoke", to: id, cause: "customer", in: transaction, now: world.now)
        }
    }

    // MARK: - Fills

    private func book(fill id: String, of order: String, _ amount: Int64, _ world: SimulationWorld) throws {
        try world.transact("fill \(id)") { transaction in
            let row = try transaction.row("SELECT customer, filled FROM desk_orders WHERE id = \(order)")
            guard let row else { throw NoSuchThing(id: order) }
            let bought = LedgerStep.transfer(
                from: try DeskMoney.market(DeskMoney.base), to: try DeskMoney.customer(row.get(0), DeskMoney.base),
                FixedDecimal(amount))
            let receipt = try LedgerStore(transaction: transaction).apply(
                LedgerPosting(
                    key: "fill:\(id)", [.post(DeskMoney.orderLock(order), FixedDecimal(amount)), bought]),
                now: world.now)
            if receipt.isRepeat, mutation != .fillCountedTwice { return }
            let filled = try row.get(1, as: FixedDecimal.self).adding(FixedDecimal(amount))
            try transaction.execute("UPDATE desk_orders SET filled = \(filled) WHERE id = \(order)")
        }
    }
}
