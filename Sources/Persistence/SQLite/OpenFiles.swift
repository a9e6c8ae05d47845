import Foundation
import Synchronization

/// Which database files this process has open. Reading one's header opens it and closes it again, and with that would
/// drop every POSIX lock that SQLite holds on it in this process: https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
enum OpenFiles {
    private static let counts = Mutex<[String: Int]>([:])

    /// Counts one more opening of `path`.
    /// - Parameter judge: looks at the file; not called while it is open here, when it has been looked at already.
    static func add(_ path: String, judge: () throws(SQLError) -> Void) throws(SQLError) {
        let path = canonical(path)
        try counts.withLock { counts throws(SQLError) in
            if counts[path] == nil { try judge() }
            counts[path, default: 0] += 1
        }
    }

    static func remove(_ path: String) {
        let path = canonical(path)
        counts.withLock { counts in
            let left = (counts[path] ?? 0) - 1
            counts[path] = left > 0 ? left : nil
        }
    }

    private static func canonical(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
}
