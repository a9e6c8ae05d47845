import Dispatch
internal import GRDB
import Synchronization

/// The one writer: whoever waits shares the next commit, and so its fsync.
///
/// Callers queue up; the writer's own thread takes all that wait, at most ``SQLiteTuning/maximumBatch``, into one transaction and
/// answers each only after it is durable. When one of them throws, the batch is rolled back and every one is run again in
/// a transaction of its own, so that each fails alone; there is no savepoint on the good path.
final class GroupCommit: Sendable {
    /// Beyond this many waiting writes further ones are refused: ``SQLError/overloaded``.
    static let maximumWaiting = 10_000

    /// One caller: runs its body, then is told how it ended.
    struct Request: Sendable {
        let run: @Sendable (any SQLTransaction) throws -> Void
        let finish: @Sendable (SQLError?) -> Void
    }

    private struct State: Sendable {
        var waiting: [Request] = []
        var isDraining = false
        var isClosed = false
    }

    private let writer: DatabasePool
    private let notifier: Notifier
    private let tuning: SQLiteTuning
    private let state = Mutex(State())
    private let commitCount = Atomic(0)
    private let thread = DispatchQueue(label: "mrmarket.sqlite.writer", qos: .userInitiated)

    init(_ writer: DatabasePool, _ notifier: Notifier, _ tuning: SQLiteTuning) {
        self.writer = writer
        self.notifier = notifier
        self.tuning = tuning
    }

    func submit(_ request: Request) {
        enum Fate { case refused(SQLError), queued, drains }
        let fate = state.withLock { state -> Fate in
            if state.isClosed { return .refused(.closed) }
            if state.waiting.count >= Self.maximumWaiting { return .refused(.overloaded) }
            state.waiting.append(request)
            if state.isDraining { return .queued }
            state.isDraining = true
            return .drains
        }
        switch fate {
        case .refused(let error): request.finish(error)
        case .queued: break
        case .drains: thread.async { self.drain() }
        }
    }

    /// Waits for everything submitted, and refuses what comes later.
    func close() async {
        state.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            thread.async {
                self.drain()
                continuation.resume()
            }
        }
    }

    private func drain() {
        while true {
            let batch = takeBatch(ends: false)
            if batch.isEmpty {
                checkpointIfDue(tuning.commitsPerCheckpoint)
                let late = takeBatch(ends: true)
                if late.isEmpty { return }
                commit(late)
            } else {
                commit(batch)
                // A queue that never empties must not let the log grow for ever.
                checkpointIfDue(20 * tuning.commitsPerCheckpoint)
            }
        }
    }

    private func takeBatch(ends: Bool) -> [Request] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(tuning.maximumBatch))
            state.waiting.removeFirst(batch.count)
            if batch.isEmpty, ends { state.isDraining = false }
            return batch
        }
    }

    /// Moves the log into the database file when nobody waits: SQLite's own way, after every so many pages, would make one
    /// commit in a hundred wait for it. On this thread alone, see ``SQLiteDatabase``.
    private func checkpointIfDue(_ limit: Int) {
        guard commitCount.load(ordering: .relaxed) >= limit else { return }
        commitCount.store(0, ordering: .relaxed)
        // A failure costs nothing: the log stays, and the next commit tells if the disk is at fault.
        try? writer.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
        }
    }

    private func commit(_ batch: [Request]) {
        switch attempt(batch) {
        case .committed:
            commitCount.add(1, ordering: .relaxed)
            for request in batch { request.finish(nil) }
        case .commitFailed(let error): for request in batch { request.finish(error) }
        case .bodyFailed(let error):
            guard batch.count > 1 else {
                batch[0].finish(error)
                return
            }
            for request in batch { commit([request]) }
        }
    }

    private enum Attempt {
        case committed
        /// One of the bodies threw.
        case bodyFailed(SQLError)
        /// The transaction could not be begun or committed: nobody's fault, everybody's failure.
        case commitFailed(SQLError)
    }

    private func attempt(_ batch: [Request]) -> Attempt {
        var bodyError: SQLError?
        var channels: [String] = []
        do {
            try writer.writeWithoutTransaction { connection in
                try connection.inTransaction(.immediate) {
                    let transaction = SQLiteTransaction(connection: connection)
                    do {
                        for request in batch {
                            try request.run(transaction)
                            if let failure = transaction.failure { throw failure }
                        }
                    } catch {
                        bodyError = SQLError(error)
                        return .rollback
                    }
                    channels = transaction.channels
                    return .commit
                }
            }
        } catch {
            return bodyError.map(Attempt.bodyFailed) ?? .commitFailed(SQLError(error))
        }
        if let bodyError { return .bodyFailed(bodyError) }
        notifier.post(channels)
        return .committed
    }
}
