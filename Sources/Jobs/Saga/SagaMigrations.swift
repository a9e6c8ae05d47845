public import Persistence

/// The tables of sagas.
public enum SagaMigrations {
    public static let all = [sagas, finished]

    /// For retention, which must not look at every saga there has been.
    private static let finished = Migration("sagas-2-finished") { transaction in
        try transaction.execute(
            "CREATE INDEX sagas_finished ON sagas (kind, updated_at, id) WHERE status = 'finished'")
    }

    private static let sagas = Migration("sagas-1-sagas") { transaction in
        try transaction.execute(
            """
            CREATE TABLE sagas (
                kind TEXT NOT NULL,
                id TEXT NOT NULL,
                schema_version INTEGER NOT NULL,
                step TEXT NOT NULL,
                state TEXT NOT NULL,
                version INTEGER NOT NULL CHECK (version > 0),
                status TEXT NOT NULL CHECK (status IN ('running', 'parked', 'finished')),
                parked_reason TEXT,
                deadline INTEGER,
                deadline_version INTEGER,
                started_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                PRIMARY KEY (kind, id),
                CHECK ((status = 'parked') = (parked_reason IS NOT NULL)),
                CHECK ((deadline IS NULL) = (deadline_version IS NULL))
            ) STRICT
            """)
        try transaction.execute("CREATE INDEX sagas_parked ON sagas (kind, id) WHERE status = 'parked'")
        try transaction.execute("CREATE INDEX sagas_live ON sagas (kind, step, id) WHERE status <> 'finished'")
        try transaction.execute("CREATE INDEX sagas_deadline ON sagas (deadline) WHERE status = 'running'")
        try transaction.execute(
            """
            CREATE TABLE saga_history (
                kind TEXT NOT NULL,
                id TEXT NOT NULL,
                version INTEGER NOT NULL,
                entry TEXT NOT NULL,
                event_id TEXT,
                event TEXT,
                from_step TEXT NOT NULL,
                to_step TEXT NOT NULL,
                reason TEXT,
                cause TEXT NOT NULL,
                commands TEXT NOT NULL,
                is_held INTEGER NOT NULL CHECK (is_held IN (0, 1)),
                at INTEGER NOT NULL,
                PRIMARY KEY (kind, id, version),
                FOREIGN KEY (kind, id) REFERENCES sagas (kind, id)
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE UNIQUE INDEX saga_history_events ON saga_history (kind, id, event_id)
            WHERE event_id IS NOT NULL
            """)
        try transaction.execute(
            "CREATE INDEX saga_history_held ON saga_history (kind, id, version) WHERE is_held = 1")
    }
}
