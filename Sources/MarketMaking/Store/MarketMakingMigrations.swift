public import Persistence

/// The tables of strategies, their orders and fills. Appended to, never changed; the ledger's come first.
public enum MarketMakingMigrations {
    public static let all = [
        Migration("market-making-001-strategies") { transaction in
            try transaction.execute(
                """
                CREATE TABLE strategy_instances (
                    id INTEGER PRIMARY KEY,
                    strategy_key TEXT NOT NULL UNIQUE,
                    user_id TEXT NOT NULL,
                    client_id TEXT NOT NULL,
                    strategy_type TEXT NOT NULL,
                    exchange TEXT NOT NULL,
                    account_label TEXT NOT NULL,
                    symbol TEXT NOT NULL,
                    start_price TEXT,
                    status TEXT NOT NULL CHECK (status IN ('running', 'stopping', 'stopped')),
                    parameters_version INTEGER NOT NULL,
                    run INTEGER NOT NULL,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT
                """)
            try transaction.execute(
                "CREATE INDEX strategy_instances_by_status ON strategy_instances (status)")
            try transaction.execute(
                """
                CREATE TABLE strategy_parameters (
                    instance_id INTEGER NOT NULL REFERENCES strategy_instances (id),
                    version INTEGER NOT NULL,
                    parameters TEXT NOT NULL,
                    created_at INTEGER NOT NULL,
                    PRIMARY KEY (instance_id, version)
                ) STRICT
                """)
            try transaction.execute(
                """
                CREATE TABLE session_books (
                    instance_id INTEGER PRIMARY KEY REFERENCES strategy_instances (id),
                    run INTEGER NOT NULL,
                    base TEXT NOT NULL,
                    quote TEXT NOT NULL,
                    counters TEXT NOT NULL,
                    best_profit TEXT,
                    updated_at INTEGER NOT NULL
                ) STRICT
                """)
        },
        Migration("market-making-002-orders") { transaction in
            try transaction.execute(
                """
                CREATE TABLE orders (
                    client_order_id INTEGER PRIMARY KEY,
                    instance_id INTEGER NOT NULL REFERENCES strategy_instances (id),
                    run INTEGER NOT NULL,
                    parameters_version INTEGER NOT NULL,
                    exchange TEXT NOT NULL,
                    account_label TEXT NOT NULL,
                    symbol TEXT NOT NULL,
                    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
                    level INTEGER NOT NULL,
                    ticks INTEGER NOT NULL,
                    lots INTEGER NOT NULL CHECK (lots > 0),
                    price TEXT NOT NULL,
                    quantity TEXT NOT NULL,
                    is_post_only INTEGER NOT NULL,
                    status TEXT NOT NULL CHECK (status IN ('pending', 'unknown', 'open', 'cancelling', 'filled',
                        'cancelled', 'rejected', 'expired')),
                    filled_lots INTEGER NOT NULL DEFAULT 0,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT
                """)
            try transaction.execute(
                """
                CREATE INDEX orders_live ON orders (exchange, account_label, symbol)
                    WHERE status IN ('pending', 'unknown', 'open', 'cancelling')
                """)
            try transaction.execute("CREATE INDEX orders_of_instance ON orders (instance_id, created_at)")
            try transaction.execute(
                """
                CREATE TABLE fills (
                    id INTEGER PRIMARY KEY,
                    exchange TEXT NOT NULL,
                    account_label TEXT NOT NULL,
                    symbol TEXT NOT NULL,
                    trade_id INTEGER NOT NULL,
                    client_order_id INTEGER NOT NULL REFERENCES orders (client_order_id),
                    instance_id INTEGER NOT NULL REFERENCES strategy_instances (id),
                    run INTEGER NOT NULL,
                    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
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
            try transaction.execute("CREATE INDEX fills_of_instance ON fills (instance_id, id)")
        },
        Migration("market-making-003-funds") { transaction in
            try transaction.execute(
                """
                CREATE TABLE funds (
                    exchange TEXT NOT NULL,
                    account_label TEXT NOT NULL,
                    asset TEXT NOT NULL,
                    total TEXT NOT NULL,
                    reserved TEXT NOT NULL,
                    updated_at INTEGER NOT NULL,
                    PRIMARY KEY (exchange, account_label, asset)
                ) STRICT
                """)
        },
        Migration("market-making-004-trading-states") { transaction in
            try transaction.execute(
                """
                CREATE TABLE trading_states (
                    scope TEXT PRIMARY KEY,
                    state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'REDUCING', 'HALTED')),
                    reason TEXT NOT NULL,
                    set_by TEXT NOT NULL,
                    set_at INTEGER NOT NULL
                ) STRICT
                """)
        },
        FundsMigration.migration,
        OrderChecksMigration.migration,
        OrderSequenceFloor.migration,
        DirectOrderStore.migration,
        SessionNumberStore.migration,
        OrderMarkStore.migration,
        RefusedFillStore.migration,
        TradingLeaseStore.migration,
        RestoreLookStore.migration,
        DoubtedFillStore.migration,
        FillStore.indices,
        DirectOrderStore.timesInForce,
        DirectOrderStore.rejections,
    ]
}
