internal import GRDB
import Synchronization

/// SQLite's writer connection.
final class SQLiteCommitter: Committer {
    /// After so many commits the log is moved into the database file, at the next quiet moment.
    static let commitsPerCheckpoint = 500
    /// A queue that never empties must not let the log grow for ever.
    static let commitsPerBusyCheckpoint = 20 * commitsPerCheckpoint

    private let writer: DatabasePool
    private let notifier: Notifier
    private let commitCount = Atomic(0)

    init(_ writer: DatabasePool, _ notifier: Notifier) {
        self.writer = writer
        self.notifier = notifier
    }

    func transact(isShared: Bool, _ body: (any BatchTransaction) throws -> Void) -> CommitOutcome {
        var isBodyAtFault = false
        var channels: [String] = []
        do {
            try writer.writeWithoutTransaction { connection in
                try connection.inTransaction(.immediate) {
                    let transaction = SQLiteTransaction(connection: connection)
                    do { try body(transaction) } catch {
                        isBodyAtFault = true
                        return .rollback
                    }
                    channels = transaction.channels
                    return .commit
                }
            }
        } catch { return isBodyAtFault ? .bodyFailed : .failed(SQLError(error)) }
        if isBodyAtFault { return .bodyFailed }
        commitCount.add(1, ordering: .relaxed)
        notifier.post(channels)
        return .committed
    }

    /// Moves the log into the database file when nobody waits: SQLite's own way, after every so many pages, would make one
    /// commit in a hundred wait for it. On this thread alone, see ``SQLiteDatabase``.
    func rest(isQuiet: Bool) {
        let limit = isQuiet ? Self.commitsPerCheckpoint : Self.commitsPerBusyCheckpoint
        guard commitCount.load(ordering: .relaxed) >= limit else { return }
        commitCount.store(0, ordering: .relaxed)
        // A failure costs nothing: the log stays, and the next commit tells if the disk is at fault.
        try? writer.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
        }
    }

    func close() {}
}
