import Persistence

extension JobsMigrations {
    /// Jobs, their workers, paused queues, rates and schedules.
    ///
    /// Every index but those of custom ids and finished jobs is partial: it holds the jobs of one live state, so it stays as small
    /// as the work that waits, however many jobs are finished.
    static let jobTables = Migration("jobs-001-jobs") { transaction in
        try transaction.execute(jobs)
        for index in indexes { try transaction.execute(index) }
        try transaction.execute(
            """
            CREATE TABLE job_workers (
                id INTEGER PRIMARY KEY \(sqlite: "AUTOINCREMENT"),
                node TEXT NOT NULL,
                started_at INTEGER NOT NULL,
                lease_until INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE job_paused_queues (
                queue TEXT NOT NULL PRIMARY KEY,
                paused_at INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE job_rates (
                queue TEXT NOT NULL PRIMARY KEY,
                full_at INTEGER NOT NULL
            ) STRICT
            """)
        try transaction.execute(
            """
            CREATE TABLE job_schedules (
                name TEXT NOT NULL PRIMARY KEY,
                cadence TEXT NOT NULL,
                next_at INTEGER NOT NULL,
                last_at INTEGER
            ) STRICT
            """)
    }

    /// Ids are never used twice, which leases rely on; SQLite alone must be told so. `lane` is the serial key for as long as
    /// the job takes part in its order. `OR` rather than `IN (…)`: SQLite builds a table of such a list each time it checks it, which
    /// made every statement twice as dear.
    private static let jobs: SQL = """
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY \(sqlite: "AUTOINCREMENT"),
            queue TEXT NOT NULL,
            kind TEXT NOT NULL,
            arguments TEXT NOT NULL,
            custom_id TEXT,
            serial_key TEXT,
            lane TEXT,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state = 'ready' OR state = 'running' OR state = 'completed' OR state = 'delayed'
                OR state = 'waiting' OR state = 'dead' OR state = 'discarded' OR state = 'cancelled'),
            attempts INTEGER NOT NULL CHECK (attempts >= 1),
            backoff TEXT,
            timeout INTEGER CHECK (timeout > 0),
            maximum_rescues INTEGER NOT NULL CHECK (maximum_rescues >= 0),
            is_discarded_when_exhausted INTEGER NOT NULL CHECK (is_discarded_when_exhausted IN (0, 1)),
            dead_letter_holds_key INTEGER NOT NULL CHECK (dead_letter_holds_key IN (0, 1)),
            is_removed_when_finished INTEGER NOT NULL CHECK (is_removed_when_finished IN (0, 1)),
            enqueued_at INTEGER NOT NULL,
            run_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            worker_id INTEGER,
            claims INTEGER NOT NULL DEFAULT 0 CHECK (claims >= 0),
            failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
            rescues INTEGER NOT NULL DEFAULT 0 CHECK (rescues >= 0),
            is_cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (is_cancel_requested IN (0, 1)),
            progress TEXT,
            reason TEXT,
            CHECK ((state = 'running') = (worker_id IS NOT NULL)),
            CHECK ((state = 'completed' OR state = 'discarded' OR state = 'cancelled') = (finished_at IS NOT NULL)),
            CHECK (state <> 'waiting' OR lane IS NOT NULL),
            CHECK (lane IS NULL OR (finished_at IS NULL AND lane = serial_key))
        ) STRICT
        """

    private static let indexes: [SQL] = [
        "CREATE UNIQUE INDEX jobs_by_custom_id ON jobs (queue, custom_id) WHERE custom_id IS NOT NULL",
        "CREATE INDEX jobs_ready ON jobs (queue, priority, id) WHERE state = 'ready'",
        "CREATE INDEX jobs_delayed ON jobs (queue, run_at, id) WHERE state = 'delayed'",
        "CREATE INDEX jobs_waiting ON jobs (queue, id) WHERE state = 'waiting'",
        "CREATE INDEX jobs_running ON jobs (worker_id, id) WHERE state = 'running'",
        "CREATE INDEX jobs_dead ON jobs (queue, id) WHERE state = 'dead'",
        "CREATE INDEX jobs_finished ON jobs (queue, state, finished_at, id) WHERE finished_at IS NOT NULL",
        "CREATE INDEX jobs_lane ON jobs (lane, id) WHERE lane IS NOT NULL",
        // Two jobs at the head of one key cannot be stored.
        "CREATE UNIQUE INDEX jobs_lane_head ON jobs (lane) WHERE lane IS NOT NULL AND state <> 'waiting'",
    ]
}
