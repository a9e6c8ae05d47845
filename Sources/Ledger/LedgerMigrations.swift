public import Persistence

/// The ledger's tables. Appended to, never changed.
public enum LedgerMigrations {
    public static let all: [Migration] = []
}
