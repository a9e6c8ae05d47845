import Jobs
import Persistence
import TradingCore

/// The module around the saga: its tables, its ledger in miniature, its jobs. Everything is a synchronous step over an open
/// transaction.
struct FundingDesk {
    enum Queue { static let name: QueueName = "funding" }

    /// Gives one stored snapshot its disposition.
    struct IngestDeposit: JobArguments {
        static let kind = "test.ingest-deposit"
        static let queue = Queue.name
        static let options = JobOptions(attempts: 50, backoff: .fixed(.seconds(1)), maximumRescues: 1_000)
        let snapshotID: String
    }

    /// Sees one outgoing payment through, under its one request id.
    struct SettlePayment: JobArguments {
        static let kind = "test.settle-payment"
        static let queue = Queue.name
        static let options = JobOptions(attempts: 1_000, backoff: .fixed(.seconds(5)), maximumRescues: 1_000)
        let requestID: String
    }

    /// A payment out, stored before anything leaves.
    struct Payment: Hashable {
        enum Status: String {
            /// Never sent.
            case stored
            /// Sent at least once: it may have happened. Only asking tells.
            case unknown
            case confirmed
            case refused
        }

        var requestID: String
        var orderID: String?
        var snapshotID: String?
        var recipient: String
        var amount: Int64
        var status: Status
    }

    let transaction: any SQLTransaction
    let now: Timestamp

    static func lay(_ transaction: any SQLTransaction) throws {
        try transaction.execute("CREATE TABLE cursor (position INTEGER NOT NULL) STRICT")
        try transaction.execute("INSERT INTO cursor (position) VALUES (0)")
        try transaction.execute(
            """
            CREATE TABLE deposits (snapshot_id TEXT PRIMARY KEY, payer TEXT NOT NULL, amount INTEGER NOT NULL,
                memo TEXT NOT NULL, disposition TEXT CHECK (disposition IN ('credited', 'refunded', 'parked'))) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE payments (request_id TEXT PRIMARY KEY, order_id TEXT, snapshot_id TEXT UNIQUE,
                recipient TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT NOT NULL) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE entries (entry_key TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL,
                PRIMARY KEY (entry_key, account)) STRICT
            """)
    }

    static let runner = SagaRunner(FundingSaga(), FundingInterpreter())

    func saga(_ orderID: String) throws -> SagaRecord {
        try SagaStore(transaction: transaction).record(kind: FundingSaga.kind, id: orderID)
    }

    func state(_ orderID: String) throws -> FundingSaga.State {
        try FundingSaga.state(from: try saga(orderID).state, version: 1)
    }

    func tell(_ orderID: String, _ event: FundingSaga.Event, eventID: String, cause: String) throws {
        try Self.runner.send(event, eventID: eventID, to: orderID, cause: cause, in: transaction, now: now)
    }

    func open(_ orderID: String, price: Int64, payBy: Timestamp) throws {
        let state = FundingSaga.State(step: .awaitingPayment, price: price, payBy: payBy)
        try Self.runner.start(orderID, state, cause: "customer", in: transaction, now: now)
    }

    // MARK: - Money in

    func cursor() throws -> Int { try transaction.row("SELECT position FROM cursor")?.get("position") ?? 0 }

    /// Rows, jobs and cursor in one transaction; a snapshot that is there already is passed over.
    /// - Parameter movesCursor: false for what is told out of line: the cursor must not jump over what lies between.
    func store(_ page: [FakePaymentNetwork.Snapshot], movesCursor: Bool = true) throws {
        for snapshot in page {
            let deposit = snapshot.deposit
            let isNew = try transaction.execute(
                """
                INSERT INTO deposits (snapshot_id, payer, amount, memo)
                VALUES (\(deposit.snapshotID), \(deposit.payer), \(deposit.amount), \(snapshot.memo))
                ON CONFLICT (snapshot_id) DO NOTHING
                """)
            guard isNew == 1 else { continue }
            try JobStore(transaction: transaction).enqueue(
                IngestDeposit(snapshotID: deposit.snapshotID), now: now)
        }
        guard movesCursor, let last = page.last else { return }
        try transaction.execute(
            "UPDATE cursor SET position = \(last.position + 1) WHERE position < \(last.position + 1)")
    }

    /// One disposition per deposit, whoever asks how often.
    func dispose(_ snapshotID: String) throws {
        let row = try transaction.row(
            "SELECT payer, amount, memo FROM deposits WHERE snapshot_id = \(snapshotID)")
        guard let row else { throw SQLError.other("no deposit \(snapshotID)") }
        let deposit = Deposit(
            snapshotID: snapshotID, payer: try row.get("payer"), amount: try row.get("amount"))
        let memo: String = try row.get("memo")
        try Receipts(transaction: transaction).once(
            consumer: "funding.deposits", key: snapshotID, content: deposit, now: now
        ) {
            if memo.isEmpty {
                try setDisposition(snapshotID, from: nil, to: "parked")
                try post("park/\(snapshotID)", [("custody", deposit.amount), ("parked", -deposit.amount)])
            } else if try SagaStore(transaction: transaction).find(kind: FundingSaga.kind, id: memo) != nil {
                try tell(
                    memo, .deposited(deposit), eventID: "deposit \(snapshotID)", cause: "snapshot \(snapshotID)")
            } else {
                try refund(deposit, orderID: nil, isCredited: false)
            }
        }
    }

    func setDisposition(_ snapshotID: String, from expected: String?, to next: String) throws {
        let changed =
            if let expected {
                try transaction.execute(
                    """
                    UPDATE deposits SET disposition = \(next)
                    WHERE snapshot_id = \(snapshotID) AND disposition = \(expected)
                    """)
            } else {
                try transaction.execute(
                    """
                    UPDATE deposits SET disposition = \(next)
                    WHERE snapshot_id = \(snapshotID) AND disposition IS NULL
                    """)
            }
        guard changed == 1 else { throw SQLError.other("deposit \(snapshotID) is not \(expected ?? "new")") }
    }

    // MARK: - Money out

    func credit(_ deposit: Deposit, orderID: String) throws {
        try setDisposition(deposit.snapshotID, from: nil, to: "credited")
        try post("credit/\(deposit.snapshotID)", [("custody", deposit.amount), ("order/\(orderID)", -deposit.amount)])
    }

    func refund(_ deposit: Deposit, orderID: String?, isCredited: Bool) throws {
        try setDisposition(deposit.snapshotID, from: isCredited ? "credited" : nil, to: "refunded")
        let source = isCredited ? "order/\(orderID ?? "")" : "custody"
        try post("refund/\(deposit.snapshotID)", [(source, deposit.amount), ("outgoing", -deposit.amount)])
        try pay(
            Payment(
                requestID: StableID.uuid("refund", deposit.snapshotID), orderID: orderID,
                snapshotID: deposit.snapshotID, recipient: deposit.payer, amount: deposit.amount, status: .stored))
    }

    func withdraw(_ requestID: String, _ amount: Int64, orderID: String) throws {
        try post("fund/\(requestID)", [("order/\(orderID)", amount), ("outgoing", -amount)])
        try pay(
            Payment(
                requestID: requestID, orderID: orderID, snapshotID: nil, recipient: "exchange", amount: amount,
                status: .stored))
    }

    private func pay(_ payment: Payment) throws {
        try transaction.execute(
            """
            INSERT INTO payments (request_id, order_id, snapshot_id, recipient, amount, status)
            VALUES (\(payment.requestID), \(payment.orderID.sqlValue), \(payment.snapshotID.sqlValue),
                \(payment.recipient), \(payment.amount), \(payment.status.rawValue))
            """)
        try settle(payment.requestID)
    }

    func settle(_ requestID: String) throws {
        var options = SettlePayment.options
        options.id = requestID
        try JobStore(transaction: transaction).enqueue(SettlePayment(requestID: requestID), options, now: now)
    }

    func payment(_ requestID: String) throws -> Payment? {
        try payments("WHERE request_id = \(requestID)").first
    }

    func payments(_ condition: SQL = "") throws -> [Payment] {
        try transaction.rows(
            "SELECT request_id, order_id, snapshot_id, recipient, amount, status FROM payments " + condition
                + " ORDER BY request_id"
        ).map { row in
            Payment(
                requestID: try row.get("request_id"), orderID: try row.get("order_id"),
                snapshotID: try row.get("snapshot_id"), recipient: try row.get("recipient"),
                amount: try row.get("amount"),
                status: Payment.Status(rawValue: try row.get("status")) ?? .unknown)
        }
    }

    /// - Returns: false when it is no longer where the caller saw it.
    func move(_ requestID: String, from expected: Payment.Status, to next: Payment.Status) throws -> Bool {
        try transaction.execute(
            """
            UPDATE payments SET status = \(next.rawValue)
            WHERE request_id = \(requestID) AND status = \(expected.rawValue)
            """) == 1
    }

    /// The network says that it happened, or that it never will. Tells the saga in the same transaction.
    func conclude(_ payment: Payment, isDone: Bool) throws {
        guard try move(payment.requestID, from: .unknown, to: isDone ? .confirmed : .refused) else { return }
        if isDone {
            try post(
                "done/\(payment.requestID)", [("outgoing", payment.amount), ("custody", -payment.amount)])
        } else if let orderID = payment.orderID {
            try post(
                "undo/\(payment.requestID)", [("outgoing", payment.amount), ("order/\(orderID)", -payment.amount)])
        }
        guard let orderID = payment.orderID else { return }
        let event: FundingSaga.Event =
            if let snapshotID = payment.snapshotID { .refundConfirmed(snapshotID: snapshotID) } else {
                isDone ? .fundingConfirmed : .fundingRefused
            }
        try tell(orderID, event, eventID: "payment \(payment.requestID)", cause: "network")
    }

    // MARK: - Ledger

    /// A key is posted once: a second time breaks the primary key, and with it the transaction.
    private func post(_ key: String, _ entries: [(account: String, amount: Int64)]) throws {
        precondition(entries.reduce(0) { $0 + $1.amount } == 0)
        for (account, amount) in entries {
            try transaction.execute(
                "INSERT INTO entries (entry_key, account, amount) VALUES (\(key), \(account), \(amount))")
        }
    }

    func balance(_ account: String) throws -> Int64 {
        try transaction.rows("SELECT amount FROM entries WHERE account = \(account)")
            .reduce(0) { try $0 + $1.get("amount", as: Int64.self) }
    }
}

/// What the saga's commands come to.
struct FundingInterpreter: SagaInterpreter {
    func effects(of command: FundingSaga.Command, key: SagaCommandKey, now: Timestamp) -> [SagaEffect] {
        switch command {
        case .credit(let deposit):
            [.transact { try FundingDesk(transaction: $0, now: now).credit(deposit, orderID: key.sagaID) }]
        case .refund(let deposit, let isCredited):
            [
                .transact {
                    try FundingDesk(transaction: $0, now: now)
                        .refund(deposit, orderID: key.sagaID, isCredited: isCredited)
                },
                .message(
                    topic: "customers", key: deposit.payer, name: "refund \(deposit.snapshotID)",
                    payload: Array("\(deposit.amount) goes back".utf8)),
            ]
        case .withdraw(let requestID, let amount):
            [
                .transact {
                    try FundingDesk(transaction: $0, now: now).withdraw(requestID, amount, orderID: key.sagaID)
                }
            ]
        case .ask(let requestID): [.transact { try FundingDesk(transaction: $0, now: now).settle(requestID) }]
        }
    }
}
