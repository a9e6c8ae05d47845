import Persistence

/// Spells out what `status` may be, in the table and in the index of live orders: for `IN` with more than two values SQLite
/// makes a temporary table each time a row is written, which took two thirds of the time an intent was stored in. PostgreSQL
/// makes none.
struct OrderChecksMigration {
    let transaction: any SQLTransaction

    static let migration = Migration("market-making-006-order-checks") { transaction in
        guard transaction.dialect == .sqlite else { return }
        try OrderChecksMigration(transaction: transaction).carryOut()
    }

    /// SQLite cannot change a check: the rows move to tables made anew. Fills go first, as they name their orders; where a
    /// table is renamed, so are references to it.
    private func carryOut() throws {
        try transaction.execute(
            """
            CREATE TABLE orders_next (
                client_order_id INTEGER PRIMARY KEY,
                instance_id INTEGER NOT NULL REFERENCES strategy_instances (id),
                run INTEGER NOT NULL,
                parameters_version INTEGER NOT NULL,
                exchange TEXT NOT NULL,
                account_label TEXT NOT NULL,
                symbol TEXT NOT NULL,
                side TEXT NOT NULL CHECK (side = 'buy' OR side = 'sell'),
                level INTEGER NOT NULL,
                ticks INTEGER NOT NULL,
                lots INTEGER NOT NULL CHECK (lots > 0),
                price TEXT NOT NULL,
                quantity TEXT NOT NULL,
                is_post_only INTEGER NOT NULL,
                status TEXT NOT NULL CHECK (status = 'pending' OR status = 'unknown' OR status = 'open'
                    OR status = 'cancelling' OR status = 'filled' OR status = 'cancelled' OR status = 'rejected'
                    OR status = 'expired'),
                filled_lots INTEGER NOT NULL DEFAULT 0,
                created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE fills_next (
                id INTEGER PRIMARY KEY,
                exchange TEXT NOT NULL,
                account_label TEXT NOT NULL,
                symbol TEXT NOT NULL,
                trade_id INTEGER NOT NULL,
                client_order_id INTEGER NOT NULL REFERENCES orders_next (client_order_id),
                instance_id INTEGER NOT NULL REFERENCES strategy_instances (id),
                run INTEGER NOT NULL,
                side TEXT NOT NULL CHECK (side = 'buy' OR side = 'sell'),
                ticks INTEGER NOT NULL,
                lots INTEGER NOT NULL CHECK (lots > 0),
                price TEXT NOT NULL,
                quantity TEXT NOT NULL,
                fee TEXT NOT NULL,
                fee_asset TEXT NOT NULL,
                is_maker INTEGER NOT NULL,
                realized TEXT NOT NULL,
                total_realized TEXT NOT NULL,
                position TEXT NOT NULL,
                executed_at INTEGER NOT NULL,
                booked_at INTEGER NOT NULL,
                UNIQUE (exchange, account_label, symbol, trade_id, client_order_id)
            ) STRICT
            """)
        try transaction.execute("INSERT INTO orders_next SELECT * FROM orders ORDER BY client_order_id")
        try transaction.execute("INSERT INTO fills_next SELECT * FROM fills ORDER BY id")
        try transaction.execute("DROP TABLE fills")
        try transaction.execute("DROP TABLE orders")
        try transaction.execute("ALTER TABLE orders_next RENAME TO orders")
        try transaction.execute("ALTER TABLE fills_next RENAME TO fills")
        try transaction.execute(
            "CREATE INDEX orders_live ON orders (exchange, account_label, symbol) WHERE \(raw: OrderStore.isLive)")
        try transaction.execute("CREATE INDEX orders_of_instance ON orders (instance_id, created_at)")
        try transaction.execute("CREATE INDEX fills_of_instance ON fills (instance_id, id)")
    }
}
