import Persistence
import Scheduling
import Testing
import TradingCore

@testable import Jobs

/// One process, its database and the payment network, driven step by step in one thread. A process may die between any two
/// steps, and in the middle of any transaction: what it holds in memory is gone, the database and the network stay.
struct FundingWorld {
    struct Crash: Error {}

    /// A job that the process has claimed, and what it does next.
    struct Task {
        enum Next { case begin, lookUp, send, conclude(isDone: Bool), snooze }

        let job: ClaimedJob
        let requestID: String?
        var next = Next.begin
    }

    let database: MemoryDatabase
    let network: FakePaymentNetwork
    let engine: JobEngine
    var now = Timestamp(nanoseconds: Nanoseconds.seconds(1_000_000))
    var worker = JobWorkerID(rawValue: 0)
    var tasks: [Task] = []
    /// Of a run, to crash at every one in turn.
    private(set) var transactionCount = 0
    /// The transaction that is cut off before it commits.
    var crashInTransaction: Int?

    static let orders = ["order-1", "order-2"]

    init(network: FakePaymentNetwork, payWithinSeconds: Int64 = 1_200, price: Int64 = 100) async throws {
        self.network = network
        database = try MemoryDatabase()
        try await Migrator(JobsMigrations.all + OutboxMigrations.all + SagaMigrations.all).migrate(database)
        var handlers = JobHandlers()
        handlers.add(SagaTimeoutHandler(SagaRegistry([FundingDesk.runner])))
        engine = JobEngine(handlers: handlers)
        try database.transact { try FundingDesk.lay($0) }
        let payBy = now.advanced(byNanoseconds: Nanoseconds.seconds(payWithinSeconds))
        for order in Self.orders { try desk { try $0.open(order, price: price, payBy: payBy) } }
        try start()
    }

    // MARK: - The process

    func look<Value>(_ body: (FundingDesk) throws -> Value) throws -> Value {
        try database.transact { try body(FundingDesk(transaction: $0, now: now)) }
    }

    @discardableResult
    mutating func desk<Value>(_ body: (FundingDesk) throws -> Value) throws -> Value {
        try transact { [now] in try body(FundingDesk(transaction: $0, now: now)) }
    }

    mutating func transact<Value>(_ body: (any SQLTransaction) throws -> Value) throws -> Value {
        transactionCount += 1
        let isCut = transactionCount == crashInTransaction
        return try database.transact { transaction in
            let value = try body(transaction)
            if isCut { throw Crash() }
            return value
        }
    }

    /// A new process takes over at once: it is the only one that can have the database.
    mutating func start() throws {
        tasks = []
        crashInTransaction = nil
        worker = try transact { [now] in
            try JobWorkerStore(transaction: $0)
                .register(node: "a", ownsDatabase: true, lease: .seconds(30), now: now)
        }
        while try transact({ [now, worker] in
            try JobWorkerStore(transaction: $0).rescue(own: worker, limit: 10, now: now).isMore
        }) {}
    }

    mutating func poll(limit: Int = 3) throws {
        // Two positions back: whoever lists by position may see a late arrival.
        let position = max(0, try desk { try $0.cursor() } - 2)
        let page = network.page(from: position, limit: limit)
        try desk { try $0.store(page) }
    }

    mutating func claim() throws {
        for queue in [FundingDesk.Queue.name, SagaTimeout.queue] {
            let jobs = try transact { [now, worker] in
                try JobStore(transaction: $0).claim(queue, limit: 4, worker: worker, now: now).jobs
            }
            for job in jobs {
                let settle = job.run.kind == FundingDesk.SettlePayment.kind
                let requestID =
                    settle
                    ? try JobCoding.decode(FundingDesk.SettlePayment.self, from: job.arguments).requestID : nil
                tasks.append(Task(job: job, requestID: requestID))
            }
        }
    }

    /// One step of one claimed job: either one transaction, or one word with the network.
    mutating func advance(_ index: Int) throws {
        let task = tasks[index]
        guard let requestID = task.requestID else {
            try performTransactional(task.job)
            tasks.remove(at: index)
            return
        }
        switch task.next {
        case .begin: try begin(index, requestID)
        case .lookUp:
            switch network.lookUp(requestID) {
            case true?: tasks[index].next = .conclude(isDone: true)
            // Not yet, as far as is known: the same request again can do no harm, another one could.
            case false?: tasks[index].next = .send
            case nil: tasks[index].next = .snooze
            }
        case .send:
            let payment = try #require(try look { try $0.payment(requestID) })
            switch network.send(
                .init(requestID: requestID, recipient: payment.recipient, amount: payment.amount))
            {
            case .done: tasks[index].next = .conclude(isDone: true)
            case .refused: tasks[index].next = .conclude(isDone: false)
            case .insufficientBalance, .timeout: tasks[index].next = .snooze
            }
        case .conclude(let isDone):
            try finish(index) { desk in
                guard let payment = try desk.payment(requestID) else { return }
                try desk.conclude(payment, isDone: isDone)
            }
        case .snooze:
            let job = task.job
            _ = try transact { [now] in
                try JobStore(transaction: $0).fail(job, .snooze(.seconds(5)), reason: "unknown", now: now)
            }
            tasks.remove(at: index)
        }
    }

    /// What may have left is marked before it leaves.
    private mutating func begin(_ index: Int, _ requestID: String) throws {
        let status = try desk { desk -> FundingDesk.Payment.Status in
            let status = try #require(try desk.payment(requestID)).status
            if status == .stored { _ = try desk.move(requestID, from: .stored, to: .unknown) }
            return status
        }
        switch status {
        case .stored: tasks[index].next = .send
        case .unknown: tasks[index].next = .lookUp
        case .confirmed, .refused: try finish(index) { _ in }
        }
    }

    private mutating func finish(_ index: Int, _ body: (FundingDesk) throws -> Void) throws {
        let job = tasks[index].job
        try transact { [now] in
            guard try JobStore(transaction: $0).complete(job, now: now) else { return }
            try body(FundingDesk(transaction: $0, now: now))
        }
        tasks.remove(at: index)
    }

    private mutating func performTransactional(_ job: ClaimedJob) throws {
        try transact { [now, engine] in
            if job.run.kind == SagaTimeout.kind {
                _ = try engine.perform(job, now: now, in: $0)
                return
            }
            let arguments = try JobCoding.decode(FundingDesk.IngestDeposit.self, from: job.arguments)
            guard try JobStore(transaction: $0).complete(job, now: now) else { return }
            try FundingDesk(transaction: $0, now: now).dispose(arguments.snapshotID)
        }
    }

    // MARK: - Whole runs

    mutating func wait(seconds: Int64) { now = now.advanced(byNanoseconds: Nanoseconds.seconds(seconds)) }

    /// Everything that is due, to its end.
    mutating func runDue() throws {
        try poll(limit: 50)
        try claim()
        while !tasks.isEmpty {
            while !tasks.isEmpty { try advance(0) }
            try claim()
        }
    }

    /// The world heals, and time passes until nothing is left to do.
    mutating func settle() throws {
        network.faults = .init()
        network.actLate()
        for _ in 0..<400 {
            do { try runDue() } catch is Crash {
                try start()
                continue
            }
            guard let due = try nextDue() else { return }
            now = max(now, due)
        }
    }

    private func nextDue() throws -> Timestamp? {
        try database.transact { transaction in
            let store = JobStore(transaction: transaction)
            return try [FundingDesk.Queue.name, SagaTimeout.queue].compactMap { try store.nextDue($0) }.min()
        }
    }
}
