internal import Persistence
internal import TradingCore

/// A row of `ledger_transfers` with the names that it points at, from which what was asked for can be told again.
struct StoredStep: Sendable {
    let rowID: Int64
    let key: String
    let contentHash: LedgerHash?
    let step: Int
    let kind: LedgerStepKind
    let from: LedgerAccount
    let to: LedgerAccount
    let amount: FixedDecimal
    let released: FixedDecimal?
    let debitSequence: Int64
    let creditSequence: Int64?
    let expiresAt: Timestamp?
    let postedAt: Timestamp
    /// The reservation or the reversed step.
    let earlier: LedgerStepID?

    /// Columns and tables; a condition on `t` follows. Left joins, so that a row is found whatever it points at.
    static let query: SQL = """
        SELECT t.id, COALESCE(t.key, h.key, ''), t.content_hash, t.step, t.kind, COALESCE(d.path, ''),
            COALESCE(c.path, ''), t.amount, t.released, t.debit_sequence, t.credit_sequence, t.expires_at, t.posted_at,
            COALESCE(x.key, y.key), x.step, t.list_id
        FROM ledger_transfers t
            LEFT JOIN ledger_transfers h ON h.id = t.list_id
            LEFT JOIN ledger_accounts d ON d.id = t.debit_account
            LEFT JOIN ledger_accounts c ON c.id = t.credit_account
            LEFT JOIN ledger_transfers x ON x.id = COALESCE(t.reservation_id, t.reverses_id)
            LEFT JOIN ledger_transfers y ON y.id = x.list_id 
        """

    /// The row of the posting's first step, in every other one.
    static let listColumn = 15

    init(_ row: SQLRow) throws {
        let rowID: Int64 = try row.get(0)
        self.rowID = rowID
        key = try row.get(1)
        contentHash = try row.get(2)
        step = try row.get(3)
        kind = try stored("kind", rowID, row.get(4)) { LedgerStepKind(rawValue: $0) }
        from = try LedgerAccount(path: row.get(5))
        to = try LedgerAccount(path: row.get(6))
        amount = try row.get(7)
        released = try row.get(8)
        debitSequence = try row.get(9)
        creditSequence = try row.get(10)
        expiresAt = try row.get(11)
        postedAt = try row.get(12)
        let earlierKey: String? = try row.get(13)
        earlier = try earlierKey.map { LedgerStepID($0, step: try row.get(14)) }
    }

    var movement: LedgerMovement {
        LedgerMovement(
            kind: kind, from: from, to: to, amount: amount, released: released ?? .zero, debitSequence: debitSequence,
            creditSequence: creditSequence)
    }

    /// The step as it was asked for.
    func asked() throws -> LedgerStep {
        switch (kind, earlier) {
        case (.transfer, _): return .transfer(from: from, to: to, amount)
        case (.reserve, _): return .reserve(from: from, to: to, amount, expiresAt: expiresAt)
        case (.post, let id?): return .post(id, amount)
        case (.postAndRelease, let id?): return .postAndRelease(id, amount)
        case (.postWhole, let id?): return .postWhole(id)
        case (.void, let id?): return .void(id)
        case (.expire, let id?): return .expire(id)
        case (.reversal, let id?): return .reverse(id)
        case (_, nil):
            throw LedgerError.unreadable(
                table: "ledger_transfers", id: rowID, why: "a \(kind.rawValue) that names no earlier step")
        }
    }
}
