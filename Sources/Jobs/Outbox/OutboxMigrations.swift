public import Persistence

/// The tables of outgoing messages and of receipts.
public enum OutboxMigrations {
    public static let all = [messages, receipts, fences]

    /// A row per message, and a row per lane that has any to send. The lane's row carries what is true of its head only:
    /// failures, when to try, who sends. So sending costs no index beyond the ones on what is pending.
    ///
    /// Numbers are never used twice, not even when all messages were swept, so that a later message of a lane has a higher one;
    /// SQLite alone must be told so.
    private static let messages = Migration("outbox-1-messages") { transaction in
        try transaction.execute(
            """
            CREATE TABLE outbox_messages (
                number INTEGER PRIMARY KEY \(sqlite: "AUTOINCREMENT"),
                message_id TEXT NOT NULL UNIQUE,
                topic TEXT NOT NULL,
                lane_key TEXT NOT NULL,
                name TEXT NOT NULL,
                payload BLOB NOT NULL,
                status TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'discarded')),
                created_at INTEGER NOT NULL,
                settled_at INTEGER,
                CHECK ((status = 'pending') = (settled_at IS NULL))
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE INDEX outbox_messages_pending ON outbox_messages (topic, lane_key, number, created_at)
            WHERE status = 'pending'
            """)
        try transaction.execute(
            "CREATE INDEX outbox_messages_settled ON outbox_messages (settled_at) WHERE settled_at IS NOT NULL")
        try transaction.execute(
            """
            CREATE TABLE outbox_lanes (
                topic TEXT NOT NULL,
                lane_key TEXT NOT NULL,
                pending INTEGER NOT NULL CHECK (pending > 0),
                ready_at INTEGER NOT NULL,
                fence INTEGER NOT NULL,
                is_sending INTEGER NOT NULL CHECK (is_sending IN (0, 1)),
                failures INTEGER NOT NULL CHECK (failures >= 0),
                failure TEXT,
                is_parked INTEGER NOT NULL CHECK (is_parked IN (0, 1)),
                PRIMARY KEY (topic, lane_key)
            ) STRICT
            """)
        try transaction.execute(
            "CREATE INDEX outbox_lanes_ready ON outbox_lanes (ready_at) WHERE is_parked = 0")
        try transaction.execute(
            "CREATE INDEX outbox_lanes_failing ON outbox_lanes (topic, lane_key) WHERE failures > 0")
    }

    /// Fences of lanes that have come to their end; the highest counts, see ``Outbox/removePending(_:_:)``. Rows are added and never changed: a
    /// single one would be every node's to wait for.
    private static let fences = Migration("outbox-3-fences") { transaction in
        try transaction.execute(
            "CREATE TABLE outbox_fences (number INTEGER PRIMARY KEY, fence INTEGER NOT NULL) STRICT")
        try transaction.execute("CREATE INDEX outbox_fences_highest ON outbox_fences (fence)")
    }

    private static let receipts = Migration("outbox-2-receipts") { transaction in
        try transaction.execute(
            """
            CREATE TABLE receipts (
                consumer TEXT NOT NULL,
                receipt_key TEXT NOT NULL,
                content_hash BLOB NOT NULL CHECK (length(content_hash) = 32),
                result TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                PRIMARY KEY (consumer, receipt_key)
            ) STRICT
            """)
        try transaction.execute("CREATE INDEX receipts_created ON receipts (consumer, created_at)")
    }
}
