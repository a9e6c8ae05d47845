import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Whether the files that a database has open still are what stands under their names.
///
/// SQLite keeps the file that it opened: deleted, moved or exchanged, it goes on taking commits that no later start finds, and a
/// connection that is opened then reads another file (https://www.sqlite.org/howtocorrupt.html#unlinking_or_renaming_a_database_file_while_in_use).
/// A copy that is written over the file keeps its name and number: that is seen by its time, for only the writer writes there, and only
/// when it moves the log into the file (``whileWriting(_:)``).
final class FileWatch: Sendable {
    private struct Identity: Hashable {
        var device: UInt64
        var number: UInt64
    }

    /// When a file was written last, and how long it is.
    private struct Stamp: Hashable {
        var seconds: Int
        var nanoseconds: Int
        var length: Int64
    }

    private struct State {
        var identities: [(path: String, identity: Identity)] = []
        /// Nil while we write.
        var stamp: Stamp?
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
                Self.look(path + suffix).map { (path + suffix, $0.identity) }
            }
            state.stamp = Self.look(path)?.stamp
        }
    }

    /// Looks at the names; takes some microseconds.
    /// - Returns: which file is not ours any more; nil when all are.
    func look() -> SQLError? {
        let (why, isDoubtful, isWell) = state.withLock { state -> (String?, Bool, Bool) in
            for (path, identity) in state.identities {
                guard let found = Self.look(path) else { return ("\(path) was deleted or moved", false, false) }
                if found.identity != identity {
                    return ("\(path) was replaced by another file", path == self.path, false)
                }
                if let stamp = state.stamp, path == self.path, found.stamp != stamp {
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
        defer { if stamp != nil { state.withLock { $0.stamp = Self.look(path)?.stamp } } }
        return try write()
    }

    private static func look(_ path: String) -> (identity: Identity, stamp: Stamp)? {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        return (
            Identity(device: UInt64(found.st_dev), number: UInt64(found.st_ino)),
            Stamp(
                seconds: found.st_mtim.tv_sec, nanoseconds: found.st_mtim.tv_nsec, length: Int64(found.st_size))
        )
    }
}
