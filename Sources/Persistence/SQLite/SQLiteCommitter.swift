internal import GRDB
import Synchronization

/// SQLite's writer connection.
final class SQLiteCommitter: Committer {
    /// A queue that never empties must not let the log grow for ever: looked at after every so many commits.
    private static let busyCommits = 16

    private let writer: DatabasePool
    private let notifier: Notifier
    private let tuning: SQLiteTuning
    private let commitCount = Atomic(0)
    /// A write or sync of the log has failed: what lies in it unsynced, from commits that waited for no disk, may never reach
    /// it, and a later sync would not say so. See ``heal()``.
    private let isSuspect = Atomic(false)
    /// In bytes. The length at which the log is begun anew next, if readers let it.
    private let restartLength: Atomic<Int64>

    private let damage: Damage
    private let files: FileWatch

    init(
        _ writer: DatabasePool, _ notifier: Notifier, _ tuning: SQLiteTuning, _ damage: Damage, _ files: FileWatch
    ) {
        self.writer = writer
        self.notifier = notifier
        self.tuning = tuning
        self.damage = damage
        self.files = files
        restartLength = Atomic(2 * tuning.maximumLogBytes)
    }

    func transact(
        isShared: Bool, isDurable: Bool, isBrief: Bool, _ body: (any BatchTransaction) throws -> Void
    ) -> CommitOutcome {
        if files.isLost, let lost = files.look() { return .failed(lost) }
        if isSuspect.load(ordering: .relaxed), !heal() {
            return .failed(.inputOutput("a sync of the log failed, and the log cannot be made whole"))
        }
        var isBodyAtFault = false
        var isCommitting = false
        var channels: [String] = []
        do {
            try writer.writeWithoutTransaction { connection in
                // In the log either way; the next durable commit syncs all of the log before it.
                if !isDurable { try connection.execute(sql: "PRAGMA synchronous = NORMAL") }
                defer { if !isDurable { restoreDurability(connection) } }
                // Kept statements: GRDB prepares those of its own transactions anew each time.
                try connection.cachedStatement(sql: "BEGIN IMMEDIATE").execute()
                do {
                    let transaction = SQLiteTransaction(connection: connection)
                    do { try body(transaction) } catch {
                        isBodyAtFault = true
                        damage.note(SQLError(error))
                        throw error
                    }
                    channels = transaction.channels
                    isCommitting = true
                    try connection.cachedStatement(sql: "COMMIT").execute()
                } catch {
                    // A failed commit may have ended the transaction, and a full disk has.
                    if connection.isInsideTransaction { try? connection.rollback() }
                    throw error
                }
            }
        } catch {
            if isBodyAtFault { return .bodyFailed }
            let error = SQLiteCheck.named(SQLError(error), writer.path)
            damage.note(error)
            if case .inputOutput = error { isSuspect.store(true, ordering: .relaxed) }
            return .failed(!isCommitting || staysFailed(error) ? error : .outcomeUnknown("\(error)"))
        }
        if isBodyAtFault { return .bodyFailed }
        commitCount.add(1, ordering: .relaxed)
        // It is durable in a file that perhaps nobody finds again: moved back it is there, deleted it is not.
        if let lost = files.look() { return .failed(.outcomeUnknown("\(lost)")) }
        notifier.post(channels)
        return .committed
    }

    /// Nobody may be told that something is durable on a connection that is not: better to stop.
    private func restoreDurability(_ connection: Database) {
        do { try connection.execute(sql: "PRAGMA synchronous = FULL") } catch {
            preconditionFailure("SQLite would not be durable any more: \(error)")
        }
    }

    /// Makes sure that a failed commit stays failed.
    ///
    /// SQLite takes it back in memory, but when it was the sync that failed, the whole transaction may stand behind the end of
    /// the log, and the next start, which reads the log to its last good commit, would take it for committed. A commit of
    /// nothing, written over its first pages, breaks the chain of checksums that it hangs on.
    ///
    /// What did not fit on the disk is not whole in the log.
    /// - Returns: false when that failed too.
    private func staysFailed(_ error: SQLError) -> Bool {
        if case .diskFull = error { return true }
        do {
            try writer.writeWithoutTransaction { connection in
                try connection.inTransaction(.immediate) {
                    // Setting the number that nobody reads is a write, be it the same or not.
                    try connection.execute(sql: "PRAGMA user_version = 0")
                    return .commit
                }
            }
            return true
        } catch { return false }
    }

    /// Moves all of the log into the database file and begins a new one. The kernel forgets after a failed sync which pages it
    /// could not write (https://lwn.net/Articles/752063/), so syncing them again proves nothing: they are written anew,
    /// elsewhere. Until that is done nothing more may be acknowledged, for the next start reads the log up to its first hole.
    /// - Returns: false while it cannot be done.
    private func heal() -> Bool {
        // What a damaged file is given, the log no longer has: then nobody could read it again from there.
        if damage.isKnown { return false }
        let isWhole = try? files.whileWriting {
            try writer.writeWithoutTransaction { connection in
                let row = try Row.fetchOne(connection, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                // Busy, pages in the log, pages moved.
                return row.map { $0[0] == 0 && $0[1] == 0 } ?? false
            }
        }
        guard isWhole ?? false else { return false }
        isSuspect.store(false, ordering: .relaxed)
        commitCount.store(0, ordering: .relaxed)
        return true
    }

    /// Moves the log into the database file when nobody waits: SQLite's own way, after every so many pages, would make one
    /// commit in a hundred wait for it. On this thread alone, see ``SQLiteDatabase``.
    func rest(isQuiet: Bool) {
        if damage.isKnown { return }
        let count = commitCount.load(ordering: .relaxed)
        guard isQuiet ? count >= tuning.commitsPerCheckpoint : count % Self.busyCommits == 0 && isLogLong else {
            return
        }
        commitCount.store(0, ordering: .relaxed)
        do {
            try files.whileWriting {
                try writer.writeWithoutTransaction { connection in
                    let row = try Row.fetchOne(connection, sql: "PRAGMA wal_checkpoint(PASSIVE)")
                    try restartLog(connection, length: row.map { $0[1] as Int64 * Self.frameBytes } ?? 0)
                }
            }
        } catch {
            // The log stays, but the sync that failed may have been its own.
            if case .inputOutput = SQLError(error) { isSuspect.store(true, ordering: .relaxed) }
        }
    }

    /// A page of the database and the frame's header, https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
    private static let frameBytes: Int64 = 4_096 + 24

    /// A passive checkpoint moves pages, but the log begins anew only when no reader uses it. Where one reader always begins before
    /// another ends, that never comes: then commits wait a little for those that read, and new ones read from the file alone.
    private func restartLog(_ connection: Database, length: Int64) throws {
        guard length > restartLength.load(ordering: .relaxed) else { return }
        try connection.execute(sql: "PRAGMA busy_timeout = \(tuning.restartPatience)")
        defer { try? connection.execute(sql: "PRAGMA busy_timeout = \(tuning.busyTimeout)") }
        let row = try Row.fetchOne(connection, sql: "PRAGMA wal_checkpoint(RESTART)")
        let isBegunAnew = row.map { $0[0] as Int == 0 } ?? false
        // A reader that lasts longer must not make everybody wait again and again.
        restartLength.store(
            isBegunAnew ? 2 * tuning.maximumLogBytes : length + tuning.maximumLogBytes, ordering: .relaxed)
    }

    /// Whether the log has grown past what may wait for a quiet moment.
    private var isLogLong: Bool {
        (FileStatus(writer.path + "-wal")?.length ?? 0) > UInt64(max(0, tuning.maximumLogBytes))
    }

    /// Everything into the one file and nothing left in its log: who copies the file after a stop has it all, and who puts a backup in its
    /// place by hand is not overruled by a log of the one before. The last connection to be closed would do so, were it not one that only
    /// reads. What cannot be moved now, because somebody else is reading, stays in the log for the next start.
    func close() {
        if damage.isKnown || files.isWrittenOver { return }
        try? writer.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA busy_timeout = \(tuning.restartPatience)")
            _ = try Row.fetchOne(connection, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }
}
