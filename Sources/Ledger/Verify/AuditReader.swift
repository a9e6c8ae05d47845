internal import Persistence
internal import TradingCore

/// Reads what a verification looks at. A row that cannot be read is a finding, not the end.
struct AuditReader {
    let transaction: any SQLTransaction

    // MARK: - Accounts

    /// The account that follows in the order of rows, with its open reservations of the same moment.
    /// - Returns: nil behind the last; a `row` of nil where it cannot be read.
    func nextAccount(
        after rowID: Int64, _ report: inout LedgerReport
    ) throws -> (rowID: Int64, row: ChainAudit.Row?)? {
        guard
            let row = try transaction.row(
                """
                SELECT id, path, available, locked, entry_count, head FROM ledger_accounts WHERE id > \(rowID)
                ORDER BY id LIMIT 1
                """)
        else { return nil }
        let rowID: Int64 = try row.get(0)
        report.accounts += 1
        do {
            let (_, balance) = try row.balance(at: 0, known: [])
            try checkStanding(rowID, balance.account, &report)
            let open = try openReservations(of: rowID)
            report.openReservations += open.count
            try checkEnd(rowID, balance, &report)
            return (rowID, ChainAudit.Row(rowID: rowID, balance: balance, openReservations: open))
        } catch {
            report.add(try Self.finding(error, in: try row.get(1)))
            return (rowID, nil)
        }
    }

    private func openReservations(of rowID: Int64) throws -> [ChainAudit.OpenReservation] {
        try transaction.rows(
            """
            SELECT t.id, COALESCE(t.key, h.key), t.step, t.remaining FROM ledger_transfers t
                LEFT JOIN ledger_transfers h ON h.id = t.list_id
            WHERE t.status = 'open' AND t.debit_account = \(rowID) ORDER BY t.id
            """
        ).map { row in
            ChainAudit.OpenReservation(
                rowID: try row.get(0), id: LedgerStepID(try row.get(1), step: try row.get(2)),
                remaining: try row.get(3, as: WrittenDecimal.self).value)
        }
    }

    /// Looks for entries behind the last one that the row counts.
    private func checkEnd(_ rowID: Int64, _ balance: LedgerBalance, _ report: inout LedgerReport) throws {
        let row = try transaction.row(
            """
            SELECT sequence FROM ledger_entries WHERE account_id = \(rowID) AND sequence > \(balance.entryCount)
            ORDER BY sequence LIMIT 1
            """)
        guard let row else { return }
        report.add(
            LedgerFinding(
                rule: .uncountedEntry, account: balance.account.path, sequence: try row.get(0), step: nil,
                expected: "\(balance.entryCount) entries", found: "more"))
    }

    // MARK: - Entries

    enum AuditedEntry {
        case readable(ChainAudit.Entry)
        case unreadable(sequence: Int64, LedgerFinding)
    }

    /// Entries in the order of their numbers, up to the last that the row counts.
    func entries(of row: ChainAudit.Row, after sequence: Int64, limit: Int) throws -> [AuditedEntry] {
        try transaction.rows(
            """
            SELECT e.sequence, e.side, e.hash, t.id, t.kind, t.amount, t.released, t.posted_at, t.step,
                COALESCE(t.key, h.key, ''), COALESCE(t.content_hash, h.content_hash), r.id, r.status, r.remaining
            FROM (SELECT sequence, side, hash, transfer_id FROM ledger_entries WHERE account_id = \(row.rowID)
                        AND sequence > \(sequence) AND sequence <= \(row.balance.entryCount)
                    ORDER BY sequence LIMIT \(limit)) AS e
                JOIN ledger_transfers t ON t.id = e.transfer_id
                LEFT JOIN ledger_transfers h ON h.id = t.list_id
                LEFT JOIN ledger_transfers r ON r.id = t.reservation_id
            ORDER BY e.sequence
            """
        ).map { entry in
            do { return .readable(try Self.entry(entry)) } catch {
                let sequence: Int64 = try entry.get(0)
                return .unreadable(
                    sequence: sequence,
                    try Self.finding(error, in: row.balance.account.path, sequence: sequence))
            }
        }
    }

    private static func entry(_ row: SQLRow) throws -> ChainAudit.Entry {
        let id: Int64 = try row.get(3)
        let released: WrittenDecimal? = try row.get(6)
        let reservationID: Int64? = try row.get(11)
        let reservation = try reservationID.map {
            ChainAudit.Entry.Reservation(
                rowID: $0, status: try row.get(12) ?? "none", remaining: try row.get(13) ?? "nothing")
        }
        return ChainAudit.Entry(
            sequence: try row.get(0), isDebit: try row.get(1) == "debit", hash: try row.get(2),
            step: LedgerStepID(try row.get(9), step: try row.get(8)), transferID: id,
            kind: try stored("kind", id, row.get(4)) { LedgerStepKind(rawValue: $0) },
            amount: try row.get(5, as: WrittenDecimal.self).value, released: released?.value ?? .zero,
            postedAt: try row.get(7), contentHash: try row.get(10),
            reservation: reservation)
    }

    /// An error of reading one row becomes a finding; an error of the database stays one.
    static func finding(_ error: any Error, in account: String, sequence: Int64? = nil) throws -> LedgerFinding {
        switch error {
        case is LedgerError: break
        case SQLError.decoding: break
        default: throw error
        }
        return LedgerFinding(
            rule: .unreadable, account: account, sequence: sequence, step: nil, expected: "what this server writes",
            found: "\(error)")
    }
}
