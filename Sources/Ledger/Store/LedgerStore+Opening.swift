internal import Persistence

extension LedgerStore {
    /// Makes rows for accounts that have none.
    func createAccounts(_ book: inout LedgerBook) throws {
        for index in book.accounts.indices where book.accounts[index].rowID == nil {
            let empty = LedgerBalance(empty: book.accounts[index].balance.account)
            let row = try transaction.row(
                """
                INSERT INTO ledger_accounts (path, may_overdraw, available, locked, entry_count, head)
                VALUES (\(empty.account.path), \(empty.account.mayOverdraw), \(empty.available), \(empty.locked), 0,
                    \(empty.head)) RETURNING id
                """)
            book.accounts[index].rowID = try row?.get(0)
        }
    }
}

/// `ledger_openings` and their end, `ledger_head`.
struct LedgerOpenings {
    let transaction: any SQLTransaction

    struct Head {
        let count: Int64
        let hash: LedgerHash
    }

    /// - Returns: nil when somebody has emptied the table: the first migration that knew it left one row, for good.
    func head() throws -> Head? {
        try transaction.row("SELECT openings, hash FROM ledger_head WHERE id = 1").map {
            Head(count: try $0.get(0), hash: try $0.get(1))
        }
    }

    /// Compare and set: of two nodes that open accounts at once one is run again.
    func add(_ path: String) throws {
        guard let head = try head() else { throw LedgerError.changedMeanwhile("the ledger's head") }
        let number = head.count + 1
        let hash = LedgerOpening.hash(number, path, after: head.hash)
        let changed = try transaction.execute(
            """
            UPDATE ledger_head SET openings = \(number), hash = \(hash) WHERE id = 1 AND openings = \(head.count)
            """)
        if changed != 1 { throw LedgerError.changedMeanwhile("the ledger's head") }
        try transaction.execute(
            "INSERT INTO ledger_openings (number, path, hash) VALUES (\(number), \(path), \(hash))")
    }
}
