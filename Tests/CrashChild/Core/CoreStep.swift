import Jobs
import Ledger
import Persistence
import Scheduling
import TradingCore

/// A customer's deposit that is reserved for an order at once, and what becomes of it later, all told by the step's id.
struct CoreStep {
    /// What the order's job does with the reservation.
    enum Ending: CaseIterable { case filledWhole, filledInPart, void }

    static let orders: UInt64 = 5
    static let topic = "orders"

    let id: StepID
    let order: String
    let amount: FixedDecimal
    let filled: FixedDecimal
    let ending: Ending
    /// The job deals with the world outside and commits its effect afterwards, or works within its transaction.
    let isOutside: Bool
    /// The job is done by the commit that enqueues it, if a slot is free.
    let isImmediate: Bool
    /// The job's first attempt throws, its effect done.
    let stumbles: Bool
    /// The step's own body throws at its end.
    let isRefused: Bool

    init(_ id: StepID) {
        var random = id.random
        self.id = id
        order = "o\(random.below(Self.orders))"
        let raw = Int128(2 + random.below(1 << 32)) * 1_000_000_007
        amount = FixedDecimal(raw: raw)
        filled = FixedDecimal(raw: 1 + raw / 3)
        ending = Ending.allCases[Int(random.below(3))]
        isOutside = random.below(3) == 0
        stumbles = random.below(5) == 0
        isRefused = random.below(8) == 0
        isImmediate = random.below(2) == 0
    }

    var acceptance: String { "accept:\(id)" }
    var reservation: LedgerStepID { LedgerStepID(acceptance, step: 1) }
    var accepted: String { "accepted \(id)" }
    var ended: String { "ended \(id)" }

    // MARK: - The step

    func accept(in transaction: any SQLTransaction, now: Timestamp) throws {
        let asset = AssetID("USDT")
        let funds = try LedgerAccount(.order, order, asset)
        try LedgerStore(transaction: transaction).apply(
            LedgerPosting(
                key: acceptance,
                [
                    .transfer(from: LedgerAccount(.world, "bank", asset), to: funds, amount),
                    .reserve(from: funds, to: LedgerAccount(.exchange, "paper", asset), amount),
                ]), now: now)
        try transaction.execute("INSERT INTO core_accepted (step) VALUES (\(id.description))")
        let jobs = JobStore(transaction: transaction)
        let options = JobOptions(id: id.description, attempts: 3, serialKey: order, maximumRescues: 1_000)
        if isOutside {
            try jobs.enqueue(EndOutside(step: id.description), options, now: now)
        } else if isImmediate {
            try jobs.enqueue(EndAtOnce(step: id.description), options, now: now)
        } else {
            try jobs.enqueue(EndInside(step: id.description), options, now: now)
        }
        try tell(accepted, in: transaction, now: now)
        if isRefused { throw StepRefused() }
    }

    // MARK: - Its job

    func end(in transaction: any SQLTransaction, now: Timestamp) throws {
        let step: LedgerStep =
            switch ending {
            case .filledWhole: .postWhole(reservation)
            case .filledInPart: .postAndRelease(reservation, filled)
            case .void: .void(reservation)
            }
        try LedgerStore(transaction: transaction).apply(LedgerPosting(key: "end:\(id)", step), now: now)
        try transaction.execute(
            """
            INSERT INTO core_effect (step, times) VALUES (\(id.description), 1)
            ON CONFLICT (step) DO UPDATE SET times = core_effect.times + 1
            """)
        try tell(ended, in: transaction, now: now)
    }

    func attempt(_ run: JobRun, in transaction: any SQLTransaction, now: Timestamp) throws {
        try end(in: transaction, now: now)
        if stumbles, run.attempt == 1 { throw Stumbled() }
    }

    private func tell(_ name: String, in transaction: any SQLTransaction, now: Timestamp) throws {
        try Outbox(transaction: transaction).put(
            topic: Self.topic, key: order, name: name, payload: Array(name.utf8), now: now)
    }
}

struct EndInside: JobArguments {
    static let kind = "crash.end-inside"
    static let queue: QueueName = "crash"
    var step: String
}

struct EndAtOnce: JobArguments {
    static let kind = "crash.end-at-once"
    static let queue: QueueName = "crash"
    var step: String
}

struct EndOutside: JobArguments {
    static let kind = "crash.end-outside"
    static let queue: QueueName = "crash"
    var step: String
}

/// The first attempt at some jobs ends so, after everything was done.
struct Stumbled: Error {}

struct EndInsideHandler: TransactionalJobHandler {
    let time: any TimeSource

    func perform(_ arguments: EndInside, run: JobRun, transaction: any SQLTransaction) throws {
        try CoreStep(StepID(arguments.step)).attempt(run, in: transaction, now: time.now())
    }
}

struct EndAtOnceHandler: TransactionalJobHandler {
    static let isImmediate = true
    let time: any TimeSource

    func perform(_ arguments: EndAtOnce, run: JobRun, transaction: any SQLTransaction) throws {
        try CoreStep(StepID(arguments.step)).attempt(run, in: transaction, now: time.now())
    }
}

struct EndOutsideHandler: JobHandler {
    let time: any TimeSource

    func perform(_ arguments: EndOutside, context: JobContext) async throws -> JobOutcome {
        let (step, time) = (CoreStep(StepID(arguments.step)), time)
        let fails = step.stumbles && context.attempt == 1
        return .commit { transaction in
            try step.end(in: transaction, now: time.now())
            if fails { throw Stumbled() }
        }
    }
}
