internal import Persistence
internal import TradingCore

/// Reads what a posting needs: one statement for each step that names an earlier one, one for all accounts that are
/// left.
extension LedgerStore {
    func load(_ posting: LedgerPosting) throws -> LedgerBook {
        var book = LedgerBook()
        for step in posting.steps {
            if let id = step.reservation {
                try loadReservation(id, into: &book)
            } else if case .reverse(let id) = step {
                try loadOriginal(id, into: &book)
            }
        }
        try loadAccounts(of: posting, into: &book)
        return book
    }

    private func loadAccounts(of posting: LedgerPosting, into book: inout LedgerBook) throws {
        var wanted: [LedgerAccount] = []
        for step in posting.steps {
            switch step {
            case .transfer(let from, let to, _), .reserve(let from, let to, _, _):
                if book.index(of: from) == nil, !wanted.contains(from) { wanted.append(from) }
                if book.index(of: to) == nil, !wanted.contains(to) { wanted.append(to) }
            case .post, .postAndRelease, .postWhole, .void, .expire, .reverse: break
            }
        }
        if wanted.isEmpty { return }
        for row in try transaction.rows(accounts(wanted)) {
            let (id, balance) = try row.balance(at: 0, known: wanted)
            _ = book.add(rowID: id, balance)
        }
        for account in wanted { book.addIfMissing(account) }
    }

    private static let columns = "SELECT id, path, available, locked, entry_count, head FROM ledger_accounts WHERE path"
    private static let account = columns + " = "
    private static let oneAccount = SQLStatement(account + "?")
    private static let twoAccounts = SQLStatement("\(account)? UNION ALL \(account)?")

    /// Not `IN (…)`, for which SQLite makes a temporary table.
    ///
    /// On PostgreSQL, where other nodes post too, they are locked as they are read, in one order for all: whoever has read them before
    /// another's commit learns it here, as contention, which is tried again. Later it would be a number of an entry that is taken, which
    /// looks like a fault of the posting.
    private func accounts(_ wanted: [LedgerAccount]) -> SQL {
        if transaction.dialect == .postgres {
            let paths = wanted.dropFirst().reduce("\(wanted[0].path)" as SQL) { $0 + ", \($1.path)" }
            return "\(raw: Self.columns) IN (" + paths + ") ORDER BY id FOR NO KEY UPDATE"
        }
        switch wanted.count {
        case 1: return SQL(Self.oneAccount, [.text(wanted[0].path)])
        case 2: return SQL(Self.twoAccounts, [.text(wanted[0].path), .text(wanted[1].path)])
        default:
            return wanted.indices.reduce(into: "") { query, index in
                query = query + "\(raw: index == 0 ? Self.account : " UNION ALL " + Self.account)\(wanted[index].path)"
            }
        }
    }

    // MARK: - Steps of earlier postings

    private func loadReservation(_ id: LedgerStepID, into book: inout LedgerBook) throws {
        if book.reservations.contains(where: { $0.id == id }) { return }
        guard let row = try transaction.row(query(Self.reservationQuery, id)),
            try row.get(14, as: SQLValue.self) != .null
        else {
            return
        }
        let (from, to) = try sides(row, &book)
        let rowID: Int64 = try row.get(12)
        book.reservations.append(
            LedgerBook.Reservation(
                rowID: rowID, id: id, from: from, to: to, expiresAt: try row.get(15), remaining: try row.get(13),
                status: try stored("status", rowID, row.get(14)) { .init(rawValue: $0) }))
    }

    private func loadOriginal(_ id: LedgerStepID, into book: inout LedgerBook) throws {
        if book.originals.contains(where: { $0.id == id }) { return }
        guard let row = try transaction.row(query(Self.originalQuery, id)) else { return }
        let (from, to) = try sides(row, &book)
        let rowID: Int64 = try row.get(12)
        book.originals.append(
            LedgerBook.Original(
                rowID: rowID, id: id, kind: try stored("kind", rowID, row.get(13)) { .init(rawValue: $0) },
                from: from, to: to, amount: try row.get(14), reversedBy: try reversal(of: rowID)))
    }

    private static let sideColumns = """
        d.id, d.path, d.available, d.locked, d.entry_count, d.head, c.id, c.path, c.available, c.locked, \
        c.entry_count, c.head
        """
    private static let reservationQuery = StepQuery("\(sideColumns), t.id, t.remaining, t.status, t.expires_at")
    private static let originalQuery = StepQuery("\(sideColumns), t.id, t.kind, t.amount")

    /// Finds the step of a name, `t`, with its accounts, `d` and `c`: a posting's first step by its key alone.
    private struct StepQuery {
        /// Of a posting's first step, and of a later one.
        let statements: (first: SQLStatement, later: SQLStatement)
        /// The same, locking both accounts where other nodes post too.
        let locking: (first: SQLStatement, later: SQLStatement)

        init(_ columns: String) {
            statements = Self.statements(columns, "")
            locking = Self.statements(columns, " FOR NO KEY UPDATE OF d, c")
        }

        private static func statements(
            _ columns: String, _ suffix: String
        ) -> (first: SQLStatement, later: SQLStatement) {
            let accounts = """
                JOIN ledger_accounts d ON d.id = t.debit_account JOIN ledger_accounts c ON c.id = t.credit_account
                """
            return (
                first: SQLStatement("SELECT \(columns) FROM ledger_transfers t \(accounts) WHERE t.key = ?\(suffix)"),
                later: SQLStatement(
                    """
                    SELECT \(columns) FROM ledger_transfers h JOIN ledger_transfers t ON t.list_id = h.id \(accounts) \
                    WHERE h.key = ? AND t.step = ?\(suffix)
                    """)
            )
        }
    }

    private func query(_ query: StepQuery, _ id: LedgerStepID) -> SQL {
        let statements = transaction.dialect == .postgres ? query.locking : query.statements
        return id.step == 0
            ? SQL(statements.first, [.text(id.key)])
            : SQL(statements.later, [.text(id.key), .integer(Int64(id.step))])
    }

    private func sides(_ row: SQLRow, _ book: inout LedgerBook) throws -> (from: Int, to: Int) {
        let (debitID, debit) = try row.balance(at: 0, known: [])
        let (creditID, credit) = try row.balance(at: 6, known: [])
        return (book.add(rowID: debitID, debit), book.add(rowID: creditID, credit))
    }

    private func reversal(of rowID: Int64) throws -> LedgerStepID? {
        try transaction.row(
            """
            SELECT COALESCE(t.key, h.key), t.step FROM ledger_transfers t
                LEFT JOIN ledger_transfers h ON h.id = t.list_id
            WHERE t.reverses_id = \(rowID)
            """
        ).map { LedgerStepID(try $0.get(0), step: try $0.get(1)) }
    }
}

extension SQLRow {
    /// An account's row: id, path, available, locked, entry_count, head, from column `start` on.
    /// - Parameter known: accounts that need not be read from their paths again.
    func balance(at start: Int, known: [LedgerAccount]) throws -> (rowID: Int64, LedgerBalance) {
        let rowID: Int64 = try get(start)
        let path: String = try get(start + 1)
        let account = try known.first { $0.path == path } ?? LedgerAccount(path: path)
        return (
            rowID,
            LedgerBalance(
                account: account, available: try get(start + 2), locked: try get(start + 3),
                entryCount: try get(start + 4), head: try get(start + 5))
        )
    }
}

/// A stored name, or the error that says where a bad one stands.
func stored<Value>(_ column: String, _ id: Int64, _ text: String, _ make: (String) -> Value?) throws -> Value {
    guard let value = make(text) else {
        throw LedgerError.unreadable(table: "ledger_transfers", id: id, why: "\(column) is \"\(text)\"")
    }
    return value
}
