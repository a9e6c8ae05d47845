public import Persistence

/// The ledger's tables. Appended to, never changed: but that checks of the first were spelled anew, to the same meaning, before
/// there was a release. A database made before keeps its own.
///
/// The sign of an amount shows in its first byte: `-` sorts below `0`, so `>= '0'` keeps negative ones out without a
/// call of a function. More than the sign SQL cannot see of an amount.
public enum LedgerMigrations {
    public static let all = [
        Migration("ledger-001-accounts-and-transfers") { transaction in
            try transaction.execute(
                """
                CREATE TABLE ledger_accounts (
                    id INTEGER PRIMARY KEY,
                    path TEXT NOT NULL UNIQUE CHECK (path <> ''),
                    may_overdraw INTEGER NOT NULL CHECK (may_overdraw IN (0, 1)),
                    available TEXT NOT NULL CHECK (may_overdraw = 1 OR available >= '0'),
                    locked TEXT NOT NULL CHECK (locked >= '0'),
                    entry_count INTEGER NOT NULL CHECK (entry_count >= 0),
                    head BLOB NOT NULL CHECK (length(head) = 32)
                ) STRICT
                """)
            try transaction.execute(transfers)
            for index in transferIndexes { try transaction.execute("\(raw: index)") }
            try transaction.execute(entries)
        },
        OpeningsMigration.migration,
    ]

    /// A step of a posting, with both of its entries: there is no half of one. The first step of a posting has its key
    /// and hash, the others point at it. Of a reserve step, `remaining` and `status` change as it is settled; nothing
    /// else ever does.
    private static let transfers: SQL = """
        CREATE TABLE ledger_transfers (
            id INTEGER PRIMARY KEY,
            key TEXT UNIQUE CHECK (length(key) BETWEEN 1 AND 256),
            content_hash BLOB CHECK (length(content_hash) = 32),
            list_id INTEGER REFERENCES ledger_transfers (id),
            step INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind = 'reserve' OR kind = 'post_whole' OR kind = 'post' OR kind = 'post_release'
                OR kind = 'transfer' OR kind = 'void' OR kind = 'expire' OR kind = 'reversal'),
            debit_account INTEGER NOT NULL REFERENCES ledger_accounts (id),
            debit_sequence INTEGER NOT NULL CHECK (debit_sequence > 0),
            debit_hash BLOB NOT NULL CHECK (length(debit_hash) = 32),
            credit_account INTEGER NOT NULL REFERENCES ledger_accounts (id),
            credit_sequence INTEGER CHECK (credit_sequence > 0),
            credit_hash BLOB CHECK (length(credit_hash) = 32),
            amount TEXT NOT NULL CHECK (amount > '0'),
            released TEXT CHECK (released >= '0'),
            reservation_id INTEGER REFERENCES ledger_transfers (id),
            reverses_id INTEGER REFERENCES ledger_transfers (id),
            status TEXT CHECK (status = 'open' OR status = 'posted' OR status = 'voided' OR status = 'expired'),
            remaining TEXT CHECK (remaining >= '0'),
            expires_at INTEGER,
            posted_at INTEGER NOT NULL,
            CHECK (debit_account <> credit_account),
            CHECK ((key IS NULL) = (content_hash IS NULL)),
            CHECK ((key IS NULL) = (list_id IS NOT NULL)),
            CHECK ((key IS NULL) = (step > 0)),
            CHECK ((credit_sequence IS NULL) = (kind = 'reserve' OR kind = 'void' OR kind = 'expire')),
            CHECK ((credit_sequence IS NULL) = (credit_hash IS NULL)),
            CHECK ((released IS NULL) = (kind <> 'post_release')),
            CHECK ((reservation_id IS NULL) = (kind = 'reserve' OR kind = 'transfer' OR kind = 'reversal')),
            CHECK ((reverses_id IS NULL) = (kind <> 'reversal')),
            CHECK ((status IS NULL) = (kind <> 'reserve')),
            CHECK ((status IS NULL) = (remaining IS NULL)),
            CHECK (status IS NULL OR (status = 'open') = (remaining <> '0')),
            CHECK (expires_at IS NULL OR kind = 'reserve')
        ) STRICT
        """

    private static let transferIndexes = [
        "CREATE UNIQUE INDEX ledger_debits ON ledger_transfers (debit_account, debit_sequence)",
        """
        CREATE UNIQUE INDEX ledger_credits ON ledger_transfers (credit_account, credit_sequence)
            WHERE credit_sequence IS NOT NULL
        """,
        "CREATE UNIQUE INDEX ledger_lists ON ledger_transfers (list_id, step) WHERE list_id IS NOT NULL",
        "CREATE UNIQUE INDEX ledger_reversals ON ledger_transfers (reverses_id) WHERE reverses_id IS NOT NULL",
        "CREATE INDEX ledger_open_reservations ON ledger_transfers (debit_account) WHERE status = 'open'",
        """
        CREATE INDEX ledger_expiries ON ledger_transfers (expires_at)
            WHERE status = 'open' AND expires_at IS NOT NULL
        """,
    ]

    /// The two sides of every transfer as rows of their own.
    private static let entries: SQL = """
        CREATE VIEW ledger_entries AS
            SELECT debit_account AS account_id, debit_sequence AS sequence, 'debit' AS side, debit_hash AS hash,
                id AS transfer_id
            FROM ledger_transfers
            UNION ALL
            SELECT credit_account, credit_sequence, 'credit', credit_hash, id
            FROM ledger_transfers WHERE credit_sequence IS NOT NULL
        """
}
