internal import Persistence

/// Openings of accounts. Those that are there are opened in the order of their rows: what was emptied before, nobody can tell.
enum OpeningsMigration {
    static let migration = Migration("ledger-002-openings") { transaction in
        try transaction.execute(
            """
            CREATE TABLE ledger_openings (
                number INTEGER PRIMARY KEY,
                path TEXT NOT NULL UNIQUE,
                hash BLOB NOT NULL CHECK (length(hash) = 32)
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE ledger_head (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                openings INTEGER NOT NULL CHECK (openings >= 0),
                hash BLOB NOT NULL CHECK (length(hash) = 32)
            ) STRICT
            """)
        try transaction.execute("INSERT INTO ledger_head (id, openings, hash) VALUES (1, 0, \(LedgerOpening.start))")
        let openings = LedgerOpenings(transaction: transaction)
        // An account that only reservations name has no entry.
        for row in try transaction.rows("SELECT path FROM ledger_accounts WHERE entry_count > 0 ORDER BY id") {
            try openings.add(row.get(0))
        }
    }
}
