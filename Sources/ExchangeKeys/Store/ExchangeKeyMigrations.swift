public import Persistence

/// The tables of exchange keys. Appended to, never changed.
public enum ExchangeKeyMigrations {
    public static let all = [
        Migration("exchange-keys-001-keys") { transaction in
            try transaction.execute(
                """
                CREATE TABLE exchange_keys (
                    key_id INTEGER PRIMARY KEY,
                    exchange TEXT NOT NULL,
                    exchange_index TEXT NOT NULL,
                    purpose TEXT NOT NULL CHECK (purpose IN ('trade', 'withdraw')),
                    name TEXT NOT NULL,
                    api_key TEXT NOT NULL,
                    api_secret TEXT NOT NULL,
                    api_passphrase TEXT,
                    api_uid TEXT,
                    environment TEXT NOT NULL CHECK (environment IN ('production', 'testnet', 'custom')),
                    rest_url TEXT,
                    stream_url TEXT,
                    dead_mans_switch INTEGER,
                    receive_window INTEGER NOT NULL,
                    may_withdraw INTEGER NOT NULL,
                    can_read INTEGER,
                    can_trade INTEGER,
                    can_withdraw INTEGER,
                    is_bound INTEGER,
                    checked_at INTEGER,
                    fault TEXT,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL,
                    UNIQUE (exchange, exchange_index, purpose)
                ) STRICT
                """)
            // To which key everything above is sealed: a start with another one finds out before it does harm.
            try transaction.execute(
                """
                CREATE TABLE exchange_encryption_key (
                    id INTEGER PRIMARY KEY CHECK (id = 1), public_key TEXT NOT NULL, since INTEGER NOT NULL
                ) STRICT
                """)
            // Keys of the environment that have been taken over: one that is deleted does not come back (D33).
            try transaction.execute(
                """
                CREATE TABLE exchange_key_seeds (fingerprint TEXT PRIMARY KEY, seeded_at INTEGER NOT NULL) STRICT
                """)
        },
        WithdrawalStore.migration,
        Migration("exchange-keys-003-numbers") { transaction in
            try transaction.execute(
                "CREATE TABLE exchange_key_numbers (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL) STRICT"
            )
            try transaction.execute(
                """
                INSERT INTO exchange_key_numbers (id, last)
                SELECT 1, MAX(n) FROM (
                    SELECT 0 AS n UNION ALL SELECT key_id FROM exchange_keys UNION ALL SELECT key_id FROM exchange_withdrawals
                ) AS numbers
                """)
        },
        WithdrawalStore.clientIDs,
        WithdrawalStore.outcomes,
        Migration("exchange-keys-006-fault-causes") { transaction in
            try transaction.execute("ALTER TABLE exchange_keys ADD COLUMN fault_causes TEXT")
        },
        WithdrawalRestores.migration,
        Migration("exchange-keys-008-account-ids") { transaction in
            try transaction.execute("ALTER TABLE exchange_keys ADD COLUMN account_id TEXT")
        },
        WithdrawalStore.departures,
        WithdrawalVerdictStore.migration,
        // Stays when the key goes: what traded with it may still be there when the account comes back.
        Migration("exchange-keys-011-networks") { transaction in
            try transaction.execute(
                """
                CREATE TABLE exchange_account_networks (
                    account TEXT PRIMARY KEY,
                    environment TEXT NOT NULL CHECK (environment IN ('production', 'testnet', 'custom')),
                    rest_url TEXT,
                    stream_url TEXT,
                    account_id TEXT
                ) STRICT
                """)
            try transaction.execute(
                """
                INSERT INTO exchange_account_networks (account, environment, rest_url, stream_url, account_id)
                SELECT exchange || '/' || exchange_index, environment, rest_url, stream_url, account_id FROM exchange_keys
                WHERE purpose = 'trade'
                """)
        },
    ]
}
