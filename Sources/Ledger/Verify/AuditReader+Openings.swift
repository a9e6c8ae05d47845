internal import Persistence
internal import TradingCore

/// Where the chain of openings has been walked to.
struct OpeningAudit: Sendable {
    var number: Int64 = 0
    /// Nil after a gap, where nobody knows it.
    var hash: LedgerHash? = LedgerOpening.start
}

extension AuditReader {
    /// Compares a page of openings with each other and with the accounts.
    /// - Returns: false behind the last one.
    func checkOpenings(_ audit: inout OpeningAudit, limit: Int, _ report: inout LedgerReport) throws -> Bool {
        let rows = try transaction.rows(
            """
            SELECT o.number, o.path, o.hash, a.entry_count FROM ledger_openings o
                LEFT JOIN ledger_accounts a ON a.path = o.path
            WHERE o.number > \(audit.number) ORDER BY o.number LIMIT \(limit)
            """)
        for row in rows { try checkOpening(row, &audit, &report) }
        if rows.count == limit { return true }
        // Of the same moment as the last page.
        try checkHead(audit, &report)
        return false
    }

    private func checkOpening(_ row: SQLRow, _ audit: inout OpeningAudit, _ report: inout LedgerReport) throws {
        let (number, path): (Int64, String) = (try row.get(0), try row.get(1))
        if number != audit.number + 1 {
            report.add(opening("ledger_openings", "opening \(audit.number + 1)", "opening \(number) next"))
            audit.hash = nil
        }
        let stored: LedgerHash = try row.get(2)
        if let previous = audit.hash {
            let expected = LedgerOpening.hash(number, path, after: previous)
            if stored != expected { report.add(opening(path, "hash \(expected)", "\(stored)")) }
        }
        (audit.number, audit.hash) = (number, stored)
        switch try row.get(3, as: Int64?.self) {
        case nil: report.add(missing(path, "none"))
        case 0: report.add(missing(path, "one without entries"))
        default: break
        }
    }

    private func checkHead(_ audit: OpeningAudit, _ report: inout LedgerReport) throws {
        guard let head = try LedgerOpenings(transaction: transaction).head() else {
            report.add(opening("ledger_head", "the number of accounts that were opened", "nothing"))
            return
        }
        if head.count != audit.number {
            report.add(opening("ledger_head", "\(head.count) accounts opened", "\(audit.number)"))
        } else if let hash = audit.hash, hash != head.hash {
            report.add(opening("ledger_head", "hash \(head.hash)", "\(hash)"))
        }
    }

    private func opening(_ what: String, _ expected: String, _ found: String) -> LedgerFinding {
        LedgerFinding(rule: .opening, account: what, sequence: nil, step: nil, expected: expected, found: found)
    }

    private func missing(_ path: String, _ found: String) -> LedgerFinding {
        LedgerFinding(
            rule: .missingAccount, account: path, sequence: nil, step: nil, expected: "the account that was opened",
            found: found)
    }

    // MARK: - Of an account's row

    /// Whether an account was opened, and may do what its kind may: the row says the latter too, for the database's own check.
    func checkStanding(_ rowID: Int64, _ account: LedgerAccount, _ report: inout LedgerReport) throws {
        let row = try transaction.row(
            """
            SELECT a.may_overdraw, o.number, a.entry_count FROM ledger_accounts a LEFT JOIN ledger_openings o ON o.path = a.path
            WHERE a.id = \(rowID)
            """)
        guard let row else { return }
        let mayOverdraw: Bool = try row.get(0)
        if mayOverdraw != account.mayOverdraw {
            report.add(
                LedgerFinding(
                    rule: .overdraft, account: account.path, sequence: nil, step: nil,
                    expected: "an account that \(Self.overdraft(account.mayOverdraw))",
                    found: Self.overdraft(mayOverdraw)))
        }
        if try row.get(1, as: Int64?.self) == nil, try row.get(2, as: Int64.self) > 0 {
            report.add(
                LedgerFinding(
                    rule: .unopenedAccount, account: account.path, sequence: nil, step: nil, expected: "its opening",
                    found: "none"))
        }
    }

    private static func overdraft(_ isAllowed: Bool) -> String { isAllowed ? "may overdraw" : "may not overdraw" }
}
