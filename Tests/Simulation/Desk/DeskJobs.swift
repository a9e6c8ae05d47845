import Jobs
import Ledger
import Persistence
import TradingCore

/// Writes a line of a customer's statement.
struct StatementLine: JobArguments {
    static let kind = "desk.statement-line"
    static let queue: QueueName = "statements"

    let snapshot: String
    let customer: String
}

struct StatementLineHandler: TransactionalJobHandler {
    let mutation: DeskMutation?

    func perform(_ arguments: StatementLine, run: JobRun, transaction: any SQLTransaction) throws {
        if mutation == .effectOutsideCompletion { return }
        try DeskLog(transaction: transaction).add("effect", "\(run.id)", arguments.snapshot, Int64(run.attempt))
    }
}

/// Sends a payment to the network.
struct SendPayment: JobArguments {
    static let kind = "desk.send-payment"
    static let queue: QueueName = "payments"
    static let options = JobOptions(
        attempts: 2, backoff: .exponential(.milliseconds(10), maximum: .milliseconds(200), jitter: 0.5))

    let payout: String
    let requestID: String
    let payee: String
    let amount: Int64

    init(_ payout: String, _ state: Payout.State) {
        (self.payout, requestID, payee, amount) = (payout, state.requestID, state.payee, state.amount)
    }
}

/// Asks the network to forget a payment that it has not made yet.
struct RevokePayment: JobArguments {
    static let kind = "desk.revoke-payment"
    static let queue: QueueName = "payments"
    static let options = JobOptions(attempts: 3, backoff: .fixed(.milliseconds(20)), priority: -1)

    let payout: String
    let requestID: String
    let payee: String
    let amount: Int64

    init(_ payout: String, _ state: Payout.State) {
        (self.payout, requestID, payee, amount) = (payout, state.requestID, state.payee, state.amount)
    }
}

/// Places an order at the market. Jobs of one order have its id as their key.
struct PlaceOrder: JobArguments {
    static let kind = "desk.place-order"
    static let queue: QueueName = "orders"
    static let options = JobOptions(attempts: 3, backoff: .fixed(.milliseconds(15), jitter: 1))

    let order: String
    let amount: Int64
}

struct CancelOrder: JobArguments {
    static let kind = "desk.cancel-order"
    static let queue: QueueName = "orders"
    static let options = JobOptions(attempts: 3, backoff: .fixed(.milliseconds(15), jitter: 1))

    let order: String
}

/// Closes an order once all of its fills are booked, and gives back what it did not spend.
struct CloseOrder: JobArguments {
    static let kind = "desk.close-order"
    static let queue: QueueName = "orders"
    static let options = JobOptions(attempts: 2)

    let order: String
    /// What the market says was filled in all.
    let total: Int64
}

struct CloseOrderHandler: TransactionalJobHandler {
    let mutation: DeskMutation?

    func perform(_ arguments: CloseOrder, run: JobRun, transaction: any SQLTransaction) throws {
        let order = arguments.order
        let row = try transaction.row("SELECT customer, filled, is_closed FROM desk_orders WHERE id = \(order)")
        guard let row else { throw NoSuchThing(id: order) }
        if try row.get(2) { return }
        let filled: FixedDecimal = try row.get(1)
        guard filled >= FixedDecimal(arguments.total) else { throw NotYet() }
        let ledger = LedgerStore(transaction: transaction)
        if let lock = try ledger.reservation(DeskMoney.orderLock(order)), lock.status == .open,
            mutation != .forgottenReservation
        {
            try ledger.apply(LedgerPosting(key: "close:\(order)", .void(lock.id)), now: run.startedAt)
        }
        try transaction.execute("UPDATE desk_orders SET is_closed = 1 WHERE id = \(order)")
        try Outbox(transaction: transaction).put(
            topic: "notices", key: try row.get(0), name: "closed \(order)", payload: Array(order.utf8),
            now: run.startedAt)
    }
}

/// Takes what a customer held for us, if that is in time.
struct CaptureHold: JobArguments {
    static let kind = "desk.capture-hold"
    static let queue: QueueName = "statements"
    static let options = JobOptions(attempts: 5, backoff: .fixed(.milliseconds(10)))

    let hold: String
}

struct CaptureHoldHandler: TransactionalJobHandler {
    func perform(_ arguments: CaptureHold, run: JobRun, transaction: any SQLTransaction) throws {
        let ledger = LedgerStore(transaction: transaction)
        guard let lock = try ledger.reservation(DeskMoney.holdLock(arguments.hold)) else {
            throw NoSuchThing(id: arguments.hold)
        }
        guard lock.status == .open else { return }
        // Expiring is the schedule's work.
        if let expiry = lock.expiresAt, expiry <= run.startedAt { throw NotYet() }
        try ledger.apply(LedgerPosting(key: "capture:\(arguments.hold)", .postWhole(lock.id)), now: run.startedAt)
    }
}

/// Runs at every tick of a schedule.
struct Tick: JobArguments {
    static let kind = "desk.tick"
    static let queue = SagaTimeout.queue
    static let options = JobOptions(attempts: 3, backoff: .fixed(.milliseconds(10)), isRemovedWhenFinished: true)

    let schedule: String
    let tick: Timestamp
}

struct TickHandler: TransactionalJobHandler {
    func perform(_ arguments: Tick, run: JobRun, transaction: any SQLTransaction) throws {
        try DeskLog(transaction: transaction).add("tick", "\(arguments.schedule)@\(arguments.tick.nanoseconds)")
        if arguments.schedule == "expiry" {
            try LedgerStore(transaction: transaction).expireDue(now: run.startedAt, limit: 3).check()
        }
    }
}

extension LedgerStore.Expiry {
    /// Books that nobody has tampered with refuse nothing.
    func check() throws {
        if let refusal = refused.first { throw RefusedExpiry(reason: "transfer \(refusal.rowID): \(refusal.reason)") }
    }
}

struct RefusedExpiry: JobFailure {
    let disposition = JobDisposition.deadLetter
    let reason: String
}

/// Nobody handles it: it goes to the dead letters, and stays there.
struct Orphan: JobArguments {
    static let kind = "desk.orphan"
    static let queue: QueueName = "statements"
}

/// What a job waits for has not come yet.
struct NotYet: JobFailure { let disposition = JobDisposition.snooze(.milliseconds(30)) }

/// A thing that a job names is not there.
struct NoSuchThing: Error { let id: String }
