internal import Persistence
internal import TradingCore

/// What the books say, without changing them: works in a read as well.
extension LedgerStore {
    /// - Returns: nil when no step has named the account.
    public func balance(of account: LedgerAccount) throws -> LedgerBalance? {
        try transaction.row(
            """
            SELECT id, path, available, locked, entry_count, head FROM ledger_accounts WHERE path = \(account.path)
            """
        ).map { try $0.balance(at: 0, known: [account]).1 }
    }

    /// All accounts of one owner, ordered by asset.
    public func balances(of kind: LedgerAccount.Kind, _ id: String) throws -> [LedgerBalance] {
        // Paths of one owner lie together: '0' is the character after '/'.
        try transaction.rows(
            """
            SELECT id, path, available, locked, entry_count, head FROM ledger_accounts
            WHERE path > \("\(kind.rawValue):\(id)/") AND path < \("\(kind.rawValue):\(id)0") ORDER BY path
            """
        ).map { try $0.balance(at: 0, known: []).1 }
    }

    /// A page of all accounts, ordered by path.
    public func balances(after path: String = "", limit: Int) throws -> [LedgerBalance] {
        try transaction.rows(
            """
            SELECT id, path, available, locked, entry_count, head FROM ledger_accounts WHERE path > \(path)
            ORDER BY path LIMIT \(limit)
            """
        ).map { try $0.balance(at: 0, known: []).1 }
    }

    /// A page of an account's entries, the newest first.
    /// - Parameter before: entries of a lower number only; nil begins at the newest.
    public func entries(of account: LedgerAccount, before: Int64? = nil, limit: Int) throws -> [LedgerEntry] {
        try transaction.rows(
            """
            SELECT e.sequence, e.side, e.hash, t.id, t.kind, t.amount, t.released, t.posted_at,
                COALESCE(t.key, h.key), t.step, o.path
            FROM (SELECT sequence, side, hash, transfer_id FROM ledger_entries
                    WHERE account_id = (SELECT id FROM ledger_accounts WHERE path = \(account.path))
                        AND sequence < \(before ?? .max)
                    ORDER BY sequence DESC LIMIT \(limit)) AS e
                JOIN ledger_transfers t ON t.id = e.transfer_id
                LEFT JOIN ledger_transfers h ON h.id = t.list_id
                JOIN ledger_accounts o ON o.id = CASE e.side WHEN 'debit' THEN t.credit_account ELSE t.debit_account END
            ORDER BY e.sequence DESC
            """
        ).map(entry)
    }

    private func entry(_ row: SQLRow) throws -> LedgerEntry {
        let kind = try stored("kind", row.get(3), row.get(4)) { LedgerStepKind(rawValue: $0) }
        let amount: FixedDecimal = try row.get(5)
        let released: FixedDecimal? = try row.get(6)
        let isDebit = try row.get(1) == "debit"
        let change =
            isDebit
            ? kind.debit(amount: amount.raw, released: released?.raw ?? 0)
            : BalanceChange(available: amount.raw, locked: 0)
        return LedgerEntry(
            sequence: try row.get(0), step: LedgerStepID(try row.get(8), step: try row.get(9)), kind: kind,
            counterparty: try LedgerAccount(path: row.get(10)), available: FixedDecimal(raw: change.available),
            locked: FixedDecimal(raw: change.locked), postedAt: try row.get(7), hash: try row.get(2))
    }

    // MARK: - Reservations

    /// - Returns: nil when there is no reservation of this name.
    public func reservation(_ id: LedgerStepID) throws -> LedgerReservation? {
        let found =
            if id.step == 0 {
                try reservations("WHERE t.key = \(id.key) AND t.kind = 'reserve'")
            } else {
                try reservations("WHERE h.key = \(id.key) AND t.step = \(id.step) AND t.kind = 'reserve'")
            }
        return found.first
    }

    /// A page of an account's open reservations, the oldest first.
    public func openReservations(of account: LedgerAccount, limit: Int) throws -> [LedgerReservation] {
        try reservations(
            """
            WHERE t.status = 'open' AND t.debit_account = (SELECT id FROM ledger_accounts WHERE path = \(account.path))
            ORDER BY t.id LIMIT \(limit)
            """)
    }

    /// Where a due reservation stands in the order of their times.
    struct DueReservation {
        let rowID: Int64
        let expiresAt: Timestamp
    }

    /// Only what the index of expiries holds, which can be read whatever became of the rest of a row.
    func dueRows(now: Timestamp, after last: DueReservation?, limit: Int) throws -> [DueReservation] {
        let (moment, id) = (last?.expiresAt ?? .distantPast, last?.rowID ?? 0)
        return try transaction.rows(
            """
            SELECT id, expires_at FROM ledger_transfers
            WHERE status = 'open' AND expires_at IS NOT NULL AND expires_at <= \(now)
                AND expires_at >= \(moment) AND (expires_at > \(moment) OR id > \(id))
            ORDER BY expires_at, id LIMIT \(limit)
            """
        ).map { DueReservation(rowID: try $0.get(0), expiresAt: try $0.get(1)) }
    }

    func dueReservation(_ rowID: Int64, now: Timestamp) throws -> LedgerReservation? {
        try reservations(
            "WHERE t.id = \(rowID) AND t.status = 'open' AND t.expires_at IS NOT NULL AND t.expires_at <= \(now)"
        ).first
    }

    private func reservations(_ condition: SQL) throws -> [LedgerReservation] {
        let query: SQL = """
            SELECT t.id, COALESCE(t.key, h.key), t.step, d.path, c.path, t.amount, t.remaining, t.status, t.expires_at
            FROM ledger_transfers t
                LEFT JOIN ledger_transfers h ON h.id = t.list_id
                JOIN ledger_accounts d ON d.id = t.debit_account
                JOIN ledger_accounts c ON c.id = t.credit_account 
            """
        return try transaction.rows(query + condition).map { row in
            LedgerReservation(
                id: LedgerStepID(try row.get(1), step: try row.get(2)), from: try LedgerAccount(path: row.get(3)),
                to: try LedgerAccount(path: row.get(4)), amount: try row.get(5), remaining: try row.get(6),
                status: try stored("status", row.get(0), row.get(7)) { .init(rawValue: $0) },
                expiresAt: try row.get(8))
        }
    }
}
