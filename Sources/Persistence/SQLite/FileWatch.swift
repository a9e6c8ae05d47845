import Synchronization

/// Whether the files that a database has open still are what stands under their names.
///
/// SQLite keeps the file that it opened: deleted, moved or exchanged, it goes on taking commits that no later start finds, and a
/// connection that is opened then reads another file (https://www.sqlite.org/howtocorrupt.html#unlinking_or_renaming_a_database_file_while_in_use).
/// A copy that is written over the file keeps its name and number: that is seen by its time, for only the writer writes there, and only
/// when it moves the log into the file (``whileWriting(_:)``).
final class FileWatch: Sendable {
    private struct State {
        var identities: [(path: String, identity: FileStatus.Identity)] = []
        /// Nil while we write.
        var stamp: FileStatus.Stamp?
        var isWrittenOver = false
        /// The next start has been told to doubt the log.
        var isDoubted = false
    }

    /// The file itself, its log, the log's index, and the lock that keeps a second server away.
    private static let suffixes = ["", "-wal", "-shm", ".lock"]

    private let path: String
    private let state = Mutex(State())
    private let lost = Atomic(false)

    init(_ path: String) { self.path = path }

    /// What the last look has found; costs nothing.
    var isLost: Bool { lost.load(ordering: .relaxed) }

    /// Our log belongs to what the file held before: moved into it now, it would damage both.
    var isWrittenOver: Bool { state.withLock { $0.isWrittenOver } }

    /// Takes what is there now for ours.
    func begin() {
        state.withLock { state in
            state.identities = Self.suffixes.compactMap { suffix in
                FileStatus(path + suffix).map { (path + suffix, $0.identity) }
            }
            state.stamp = FileStatus(path, withTime: true)?.stamp
        }
    }

    /// Looks at the names; takes some microseconds.
    /// - Returns: which file is not ours any more; nil when all are.
    func look() -> SQLError? {
        let (why, isDoubtful, isWell) = state.withLock { state -> (String?, Bool, Bool) in
            for (path, identity) in state.identities {
                let isFile = path == self.path && state.stamp != nil
                guard let found = FileStatus(path, withTime: isFile) else {
                    return ("\(path) was deleted or moved", false, false)
                }
                if found.identity != identity {
                    return ("\(path) was replaced by another file", path == self.path, false)
                }
                if isFile, found.stamp != state.stamp {
                    state.isWrittenOver = true
                    return ("\(path) was written to by another program", true, false)
                }
            }
            defer { state.isDoubted = false }
            return (nil, false, state.isDoubted)
        }
        if isDoubtful {
            DoubtfulLog.set(path)
            state.withLock { $0.isDoubted = true }
        } else if isWell {
            // The file of before is back.
            DoubtfulLog.remove(path)
        }
        lost.store(why != nil, ordering: .relaxed)
        return why.map { .fileLost("\($0) while the server has it open") }
    }

    /// Something of ours that may write to the file. A file that was written over is not written to any more.
    func whileWriting<Value>(_ write: () throws -> Value) throws -> Value {
        if let lost = look() { throw lost }
        let stamp = state.withLock { state in
            defer { state.stamp = nil }
            return state.stamp
        }
        defer { if stamp != nil { state.withLock { $0.stamp = FileStatus(path, withTime: true)?.stamp } } }
        return try write()
    }
}
