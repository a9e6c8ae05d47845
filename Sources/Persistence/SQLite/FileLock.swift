#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An exclusive claim on a path, held for the process's life: the kernel lets go of it even after SIGKILL.
///
/// On a file beside the database, not on the database: SQLite's own locks are lost when another descriptor of the same
/// file is closed.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// - Returns: nil when somebody else holds it.
    init?(path: String) throws(SQLError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .inputOutput("\(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let why = String(cString: strerror(errno))
            _ = Glibc.close(descriptor)
            if isHeld { return nil }
            throw .inputOutput("\(path): \(why)")
        }
        self.descriptor = descriptor
    }

    deinit { _ = Glibc.close(descriptor) }
}
