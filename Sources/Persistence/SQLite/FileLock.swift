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
    private let path: String
    private let descriptor: Int32
    /// The file was not there before.
    let isNew: Bool

    /// - Returns: nil when somebody else holds it.
    init?(path: String) throws(SQLError) {
        while true {
            let isNew = access(path, F_OK) != 0
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .inputOutput("\(path): \(String(cString: strerror(errno)))") }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let isHeld = errno == EWOULDBLOCK
                let why = String(cString: strerror(errno))
                _ = close(descriptor)
                if isHeld { return nil }
                throw .inputOutput("\(path): \(why)")
            }
            // Whoever held it before may have removed the file meanwhile: then this lock is on nothing.
            if Self.isStill(path, descriptor) {
                (self.path, self.descriptor, self.isNew) = (path, descriptor, isNew)
                return
            }
            _ = close(descriptor)
        }
    }

    private static func isStill(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, held) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(descriptor, &held) == 0 && named.st_ino == held.st_ino
            && named.st_dev == held.st_dev
    }

    /// Leaves nothing behind, where nothing was.
    func removeFile() { _ = unlink(path) }

    deinit {
        // Said outright: a process that is being started elsewhere in this one holds a copy of the descriptor for a moment.
        _ = flock(descriptor, LOCK_UN)
        _ = close(descriptor)
    }
}
