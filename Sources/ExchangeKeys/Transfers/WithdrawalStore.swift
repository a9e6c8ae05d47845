import Exchanges
import Persistence
import Scheduling
import TradingCore

/// `exchange_withdrawals` over an open transaction.
struct WithdrawalStore {
    let transaction: any SQLTransaction

    static let migration = Migration("exchange-keys-002-withdrawals") { transaction in
        try transaction.execute(
            """
            CREATE TABLE exchange_withdrawals (
                withdrawal_id INTEGER PRIMARY KEY,
                request_id TEXT NOT NULL UNIQUE,
                key_id INTEGER NOT NULL,
                exchange TEXT NOT NULL,
                exchange_index TEXT NOT NULL,
                asset TEXT NOT NULL,
                network TEXT NOT NULL,
                address TEXT NOT NULL,
                tag TEXT,
                amount TEXT NOT NULL,
                status TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'refused', 'unknown')),
                exchange_id TEXT,
                reason TEXT,
                created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL
            ) STRICT
            """)
    }

    /// Those from before have none, and are found by what they are.
    static let clientIDs = Migration("exchange-keys-004-withdrawal-client-ids") { transaction in
        try transaction.execute("ALTER TABLE exchange_withdrawals ADD COLUMN client_id TEXT")
    }

    /// How one that was sent ended, beside its status: that it was sent stays true.
    static let outcomes = Migration("exchange-keys-005-withdrawal-outcomes") { transaction in
        try transaction.execute(
            """
            ALTER TABLE exchange_withdrawals ADD COLUMN outcome TEXT
                CHECK (outcome IN ('confirmed', 'failed', 'cancelled'))
            """)
        try transaction.execute("ALTER TABLE exchange_withdrawals ADD COLUMN transaction_id TEXT")
        try transaction.execute("ALTER TABLE exchange_withdrawals ADD COLUMN followed_at INTEGER")
    }

    /// When the last one that sends it was let through, and whose account it is taken from, where the exchange tells: beside the key, which
    /// may go.
    static let departures = Migration("exchange-keys-009-withdrawal-departures") { transaction in
        try transaction.execute("ALTER TABLE exchange_withdrawals ADD COLUMN left_at INTEGER")
        try transaction.execute("ALTER TABLE exchange_withdrawals ADD COLUMN account_id TEXT")
        try transaction.execute(
            "CREATE INDEX exchange_withdrawals_by_time ON exchange_withdrawals (exchange, created_at)")
    }

    /// The newest first.
    func withdrawals(_ status: Withdrawal.Status?, before: Int64?, limit: Int) throws -> [Withdrawal] {
        let any: Int64 = status == nil ? 1 : 0
        return try transaction.rows(
            """
            SELECT * FROM exchange_withdrawals
            WHERE withdrawal_id < \(before ?? .max) AND (\(any) = 1 OR COALESCE(outcome, status) = \(status?.rawValue ?? ""))
            ORDER BY withdrawal_id DESC LIMIT \(Int64(limit))
            """
        ).map(Self.withdrawal)
    }

    /// Of which nobody knows what became, the oldest first.
    /// - Parameter abandonedBefore: those that were stored earlier and say nothing more were left by a process that died.
    func unresolved(abandonedBefore: Timestamp) throws -> [Withdrawal] {
        try transaction.rows(
            """
            SELECT * FROM exchange_withdrawals
            WHERE status = 'unknown' OR status = 'pending' AND created_at < \(abandonedBefore)
            ORDER BY withdrawal_id
            """
        ).map(Self.withdrawal)
    }

    /// That were sent, and whose end the exchange has not told, the oldest first.
    func underWay(createdAfter: Timestamp) throws -> [Withdrawal] {
        try transaction.rows(
            """
            SELECT * FROM exchange_withdrawals
            WHERE status = 'sent' AND outcome IS NULL AND created_at > \(createdAfter)
            ORDER BY withdrawal_id
            """
        ).map(Self.withdrawal)
    }

    /// An account's that are not final, of those that are followed.
    func open(_ exchange: ExchangeID, _ label: String, createdAfter: Timestamp) throws -> [Withdrawal] {
        try transaction.rows(
            """
            SELECT * FROM exchange_withdrawals
            WHERE exchange = \(exchange.rawValue) AND exchange_index = \(label) AND created_at > \(createdAfter)
                AND (status = 'pending' OR status = 'unknown' OR status = 'sent' AND outcome IS NULL)
            """
        ).map(Self.withdrawal)
    }

    /// One that a key is sending just now, or was when its process died.
    /// - Parameter since: what was let through earlier has arrived, or never will.
    func leaving(_ keyID: Int64, since: Timestamp) throws -> Int64? {
        try transaction.row(
            """
            SELECT MAX(withdrawal_id) FROM exchange_withdrawals
            WHERE key_id = \(keyID) AND status = 'pending' AND left_at >= \(since)
            """)?.get(0)
    }

    func withdrawal(requestID: String) throws -> Withdrawal? {
        try transaction.row("SELECT * FROM exchange_withdrawals WHERE request_id = \(requestID)").map(Self.withdrawal)
    }

    func withdrawal(_ id: Int64) throws -> Withdrawal? {
        try transaction.row("SELECT * FROM exchange_withdrawals WHERE withdrawal_id = \(id)").map(Self.withdrawal)
    }

    /// The newest that asked for the same of the same account, whichever of its keys signed, and was not refused, and did not fail;
    /// one of which nobody knows what became of it is so for good. Of many networks capitals in an address mean nothing, and where they
    /// do, nobody sends as much to two that differ in nothing else.
    func same(as order: WithdrawalOrder, _ label: String, since: Timestamp) throws -> Withdrawal? {
        let address = order.address.lowercased()
        return try transaction.rows(
            """
            SELECT * FROM exchange_withdrawals
            WHERE exchange = \(order.place.exchange.rawValue) AND exchange_index = \(label)
                AND asset = \(order.place.asset.rawValue) AND network = \(order.place.network)
                AND (created_at >= \(since) AND status = 'sent' AND (outcome IS NULL OR outcome = 'confirmed')
                    OR status = 'pending' OR status = 'unknown')
            ORDER BY withdrawal_id DESC
            """
        ).map(Self.withdrawal).first {
            $0.address.lowercased() == address && $0.amount == order.amount && $0.tag == order.tag
        }
    }

    /// What else the exchange's rows may belong to. Only what was asked for at most a week before: its list begins a day before it, and
    /// whatever else may be in there was made long ago, which keeps it open.
    func claims(beside withdrawal: Withdrawal, now: Timestamp) throws -> WithdrawalClaims {
        let since = withdrawal.createdAt.advanced(byNanoseconds: -7 * Nanoseconds.perDay)
        let rivals = try transaction.rows(
            """
            SELECT * FROM exchange_withdrawals
            WHERE exchange = \(withdrawal.place.exchange.rawValue) AND created_at >= \(since)
                AND asset = \(withdrawal.place.asset.rawValue) AND exchange_id IS NULL AND status <> 'refused' AND withdrawal_id <> \(withdrawal.id)
            ORDER BY withdrawal_id
            """
        ).map(Self.withdrawal)
        let restores = WithdrawalRestores(transaction: transaction)
        try restores.note(now: now)
        return WithdrawalClaims(
            taken: try exchangeIDs(of: withdrawal.place.exchange, since: since), rivals: rivals,
            lost: try restores.current(now: now))
    }

    /// The exchange's ids that are some stored withdrawal's already.
    /// - Parameter since: of those that were asked for from then on.
    func exchangeIDs(of exchange: ExchangeID, since: Timestamp) throws -> Set<String> {
        let rows = try transaction.rows(
            """
            SELECT exchange_id FROM exchange_withdrawals
            WHERE exchange = \(exchange.rawValue) AND created_at >= \(since) AND exchange_id IS NOT NULL
            """)
        return Set(try rows.map { try $0.get(0, as: String.self) })
    }

    func insert(
        _ order: WithdrawalOrder, requestID: String, clientID: String? = nil, label: String,
        accountID: String? = nil, now: Timestamp
    ) throws -> Withdrawal {
        let place = order.place
        let row = try transaction.row(
            """
            INSERT INTO exchange_withdrawals (request_id, key_id, exchange, exchange_index, asset, network, address, tag,
                amount, status, created_at, updated_at, client_id, account_id)
            VALUES (\(requestID), \(place.keyID), \(place.exchange.rawValue), \(label), \(place.asset.rawValue),
                \(place.network), \(order.address), \(order.tag.sqlValue), \(order.amount), 'pending', \(now), \(now),
                \(clientID.sqlValue), \(accountID.sqlValue))
            RETURNING withdrawal_id
            """)
        guard let row else { throw SQLError.other("exchange_withdrawals: an insert gave no withdrawal_id") }
        var withdrawal = Withdrawal(
            id: try row.get(0), requestID: requestID, place: place, label: label, address: order.address,
            tag: order.tag, amount: order.amount, status: .pending, createdAt: now)
        (withdrawal.clientID, withdrawal.accountID) = (clientID, accountID)
        return withdrawal
    }

    /// The last thing before it is sent.
    /// - Returns: false when it must not be: it is pending no more, or the key that signs it is gone.
    func leave(_ id: Int64, now: Timestamp) throws -> Bool {
        try transaction.execute(
            """
            UPDATE exchange_withdrawals SET left_at = \(now)
            WHERE withdrawal_id = \(id) AND status = 'pending'
                AND EXISTS (SELECT 1 FROM exchange_keys k WHERE k.key_id = exchange_withdrawals.key_id)
            """) == 1
    }

    /// What the exchange has told once stays: a later word without it takes it away from nobody.
    /// - Returns: false when it was no longer as it was thought to be.
    /// - Parameter isFound: it was looked for on the exchange's list: a row that is another withdrawal's by now is not this one's.
    func move(
        _ id: Int64, from: Withdrawal.Status, _ step: WithdrawalStep, isFound: Bool = false, now: Timestamp
    ) throws -> Bool {
        let (status, outcome) = Self.columns(step.status)
        return try transaction.execute(
            """
            UPDATE exchange_withdrawals SET status = \(status), outcome = \(outcome.sqlValue),
                exchange_id = COALESCE(\(step.exchangeID.sqlValue), exchange_id),
                transaction_id = COALESCE(\(step.transactionID.sqlValue), transaction_id),
                reason = \(step.reason.sqlValue), updated_at = \(now)
            WHERE withdrawal_id = \(id) AND COALESCE(outcome, status) = \(from.rawValue)
                AND NOT EXISTS (
                    SELECT 1 FROM exchange_withdrawals o JOIN exchange_withdrawals s ON s.withdrawal_id = \(id)
                    WHERE o.exchange = s.exchange AND o.exchange_id = \(isFound ? step.exchangeID ?? "" : "")
                        AND o.withdrawal_id <> \(id))
            """) == 1
    }

    /// It never left: it was never there.
    /// - Returns: false when it was no longer pending.
    func forget(_ id: Int64) throws -> Bool {
        try transaction.execute("DELETE FROM exchange_withdrawals WHERE withdrawal_id = \(id) AND status = 'pending'")
            == 1
    }

    /// The exchange was asked how it ended.
    func followed(_ id: Int64, now: Timestamp) throws {
        try transaction.execute("UPDATE exchange_withdrawals SET followed_at = \(now) WHERE withdrawal_id = \(id)")
    }

    private static func columns(_ status: Withdrawal.Status) -> (status: String, outcome: String?) {
        switch status {
        case .pending, .sent, .refused, .unknown: (status.rawValue, nil)
        case .confirmed, .failed, .cancelled: (Withdrawal.Status.sent.rawValue, status.rawValue)
        }
    }

    private static func withdrawal(_ row: SQLRow) throws -> Withdrawal {
        let outcome: String? = try row.get("outcome")
        let status = try outcome ?? row.get("status", as: String.self)
        guard let known = Withdrawal.Status(rawValue: status) else {
            throw SQLError.decoding(column: "status", value: status)
        }
        let place = TransferPlace(
            exchange: ExchangeID(rawValue: try row.get("exchange")), keyID: try row.get("key_id"),
            asset: AssetID(try row.get("asset", as: String.self)), network: try row.get("network"))
        var withdrawal = Withdrawal(
            id: try row.get("withdrawal_id"), requestID: try row.get("request_id"), place: place,
            label: try row.get("exchange_index"), address: try row.get("address"), tag: try row.get("tag"),
            amount: try row.get("amount"), status: known, exchangeID: try row.get("exchange_id"),
            reason: try row.get("reason"), createdAt: try row.get("created_at"))
        withdrawal.clientID = try row.get("client_id")
        withdrawal.accountID = try row.get("account_id")
        withdrawal.transactionID = try row.get("transaction_id")
        withdrawal.followedAt = try row.get("followed_at")
        return withdrawal
    }
}

/// Where a withdrawal goes, and what is known of it there.
struct WithdrawalStep: Hashable, Sendable {
    var status: Withdrawal.Status
    var exchangeID: String?
    var transactionID: String?
    var reason: String?

    init(
        _ status: Withdrawal.Status, exchangeID: String? = nil, transactionID: String? = nil, reason: String? = nil
    ) {
        self.status = status
        self.exchangeID = exchangeID
        self.transactionID = transactionID
        self.reason = reason
    }

    /// What the exchange's own row says.
    init(_ transfer: ExchangeTransfer) {
        let said: (Withdrawal.Status, String?) =
            switch transfer.status {
            case .ok?: (.confirmed, nil)
            case .failed?: (.failed, "the exchange says that it failed")
            case .cancelled?: (.cancelled, "the exchange says that it was cancelled")
            // A word that nobody here knows ends nothing.
            case .pending?, .other?, nil: (.sent, nil)
            }
        let transaction = transfer.transactionID ?? ""
        self.init(
            said.0, exchangeID: transfer.id, transactionID: transaction.isEmpty ? nil : transaction, reason: said.1)
    }
}
