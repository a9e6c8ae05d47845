import Persistence
import Scheduling
import TradingCore

/// Between when withdrawals may be missing here that an exchange has carried out.
struct LostTime: Hashable, Sendable {
    /// The newest that the backup still knew.
    var since: Timestamp
    /// When the restore was seen first; everything from then on is here.
    var until: Timestamp
}

/// What a restore may have lost: a database put back from a backup has forgotten withdrawals that were sent after it was made. An
/// exchange that takes no name for a withdrawal, or takes the same one twice, would pay again. So for a while after a restore the
/// exchange's own list is looked at before anything is sent.
struct WithdrawalRestores {
    let transaction: any SQLTransaction

    /// So long after a restore it is looked, and so far back at most.
    static let longest = 30 * Nanoseconds.perDay

    static let migration = Migration("exchange-keys-007-withdrawal-restores") { transaction in
        try transaction.execute(
            """
            CREATE TABLE exchange_withdrawal_restores (
                id INTEGER PRIMARY KEY CHECK (id = 1), restores INTEGER NOT NULL, lost_since INTEGER, seen_at INTEGER
            ) STRICT
            """)
        try transaction.execute("INSERT INTO exchange_withdrawal_restores (id, restores) VALUES (1, 0)")
    }

    /// Whether there was a restore that ``note(now:)`` has not seen.
    func isBehind() throws -> Bool {
        let seen = try transaction.row("SELECT restores FROM exchange_withdrawal_restores WHERE id = 1")
        return try Restores.count(transaction) > seen?.get(0, as: Int64.self) ?? 0
    }

    /// Before anything new is stored: afterwards the newest that is stored is no longer the backup's.
    func note(now: Timestamp) throws {
        guard try isBehind() else { return }
        let restores = try Restores.count(transaction)
        let newest = try transaction.row("SELECT MAX(created_at) FROM exchange_withdrawals")?.get(
            0, as: Timestamp?.self)
        var since = max(newest ?? .distantPast, now.advanced(byNanoseconds: -Self.longest))
        // A restore soon after another one may have lost what that one had not yet found.
        if let earlier = try current(now: now) { since = min(since, earlier.since) }
        try transaction.execute(
            """
            UPDATE exchange_withdrawal_restores SET restores = \(restores), lost_since = \(since), seen_at = \(now) WHERE id = 1
            """)
    }

    /// Nil where there was no restore of late.
    func current(now: Timestamp) throws -> LostTime? {
        let row = try transaction.row("SELECT lost_since, seen_at FROM exchange_withdrawal_restores WHERE id = 1")
        guard let row, let since = try row.get(0, as: Timestamp?.self),
            let seenAt = try row.get(1, as: Timestamp?.self),
            now.nanoseconds(since: seenAt) < Self.longest
        else { return nil }
        return LostTime(since: since, until: seenAt)
    }
}
