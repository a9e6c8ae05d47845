import Persistence

extension JobsMigrations {
    /// When a dead letter died. It is not finished, so it has no time of its end.
    static let jobDeath = Migration("jobs-005-died-at") { transaction in
        try transaction.execute("ALTER TABLE jobs ADD COLUMN died_at INTEGER")
    }
}
