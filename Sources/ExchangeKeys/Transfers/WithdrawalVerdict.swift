import Persistence
public import TradingCore

/// An operator's word on a withdrawal of which nobody knows what became, when asking does not tell.
public struct WithdrawalVerdict: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        /// Nothing has left for it.
        case neverLeft
        /// It is the exchange's withdrawal of this id.
        case sent(exchangeID: String)
    }

    public var outcome: Outcome
    /// How that was found out; 1 to 500 characters.
    public var note: String
    /// Somebody insists: nobody here can ask the exchange any more; or it never left although the exchange lists one like it that no stored
    /// withdrawal claims, made by a person for instance.
    public var isInsisted: Bool

    public init(_ outcome: Outcome, note: String, isInsisted: Bool = false) {
        self.outcome = outcome
        self.note = note
        self.isInsisted = isInsisted
    }

    /// One line per fault: field and rule.
    public var faults: [String] {
        var faults: [String] = []
        if case .sent(let id) = outcome, !WithdrawalOrder.isVisible(id) {
            faults.append("exchangeId: must be a text of 1 to 200 bytes without blanks and invisible characters")
        }
        if !(1...500).contains(note.count)
            || note.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        {
            faults.append("note: must be a text of 1 to 500 characters without control characters")
        }
        return faults
    }
}

/// A verdict as it was taken, kept for ever.
public struct StoredVerdict: Hashable, Sendable {
    public var id: Int64
    /// Of which withdrawal.
    public var withdrawalID: Int64
    public var verdict: WithdrawalVerdict
    /// What the withdrawal's reason was before.
    public var reasonBefore: String?
    public var saidAt: Timestamp

    public init(
        id: Int64, withdrawalID: Int64, verdict: WithdrawalVerdict, reasonBefore: String?, saidAt: Timestamp
    ) {
        self.id = id
        self.withdrawalID = withdrawalID
        self.verdict = verdict
        self.reasonBefore = reasonBefore
        self.saidAt = saidAt
    }
}

/// `exchange_withdrawal_verdicts` over an open transaction: what was settled by hand, for ever.
struct WithdrawalVerdictStore {
    let transaction: any SQLTransaction

    static let migration = Migration("exchange-keys-010-withdrawal-verdicts") { transaction in
        try transaction.execute(
            """
            CREATE TABLE exchange_withdrawal_verdicts (
                verdict_id INTEGER PRIMARY KEY,
                withdrawal_id INTEGER NOT NULL,
                outcome TEXT NOT NULL CHECK (outcome IN ('neverLeft', 'sent')),
                exchange_id TEXT,
                note TEXT NOT NULL,
                is_insisted INTEGER NOT NULL,
                reason_before TEXT,
                said_at INTEGER NOT NULL
            ) STRICT
            """)
    }

    /// - Parameter withdrawal: as it was before.
    func note(_ verdict: WithdrawalVerdict, on withdrawal: Withdrawal, now: Timestamp) throws {
        let (outcome, exchangeID): (String, String?) =
            switch verdict.outcome {
            case .neverLeft: ("neverLeft", nil)
            case .sent(let id): ("sent", id)
            }
        try transaction.execute(
            """
            INSERT INTO exchange_withdrawal_verdicts (withdrawal_id, outcome, exchange_id, note, is_insisted, reason_before,
                said_at)
            VALUES (\(withdrawal.id), \(outcome), \(exchangeID.sqlValue), \(verdict.note), \(verdict.isInsisted),
                \(withdrawal.reason.sqlValue), \(now))
            """)
    }

    /// The newest first.
    /// - Parameter withdrawalID: nil for those of all.
    func verdicts(of withdrawalID: Int64?, before: Int64?, limit: Int) throws -> [StoredVerdict] {
        let any: Int64 = withdrawalID == nil ? 1 : 0
        return try transaction.rows(
            """
            SELECT * FROM exchange_withdrawal_verdicts
            WHERE verdict_id < \(before ?? .max) AND (\(any) = 1 OR withdrawal_id = \(withdrawalID ?? 0))
            ORDER BY verdict_id DESC LIMIT \(Int64(limit))
            """
        ).map(Self.verdict)
    }

    private static func verdict(_ row: SQLRow) throws -> StoredVerdict {
        let (outcome, exchangeID): (String, String?) = (try row.get("outcome"), try row.get("exchange_id"))
        let said: WithdrawalVerdict.Outcome
        switch (outcome, exchangeID) {
        case ("neverLeft", nil): said = .neverLeft
        case ("sent", let id?): said = .sent(exchangeID: id)
        default: throw SQLError.decoding(column: "outcome", value: outcome)
        }
        return StoredVerdict(
            id: try row.get("verdict_id"), withdrawalID: try row.get("withdrawal_id"),
            verdict: WithdrawalVerdict(said, note: try row.get("note"), isInsisted: try row.get("is_insisted")),
            reasonBefore: try row.get("reason_before"), saidAt: try row.get("said_at"))
    }
}
