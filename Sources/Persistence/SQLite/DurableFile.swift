import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Files and their names, as they are after a power cut.
enum DurableFile {
    /// Returns when a file's bytes, or a folder's names, are on the disk.
    static func sync(_ path: String) throws(SQLError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    static func rename(_ path: String, to new: String) throws(SQLError) {
        guard Foundation.rename(path, new) == 0 else { throw failure(path) }
    }

    /// Empty, its owner's alone. Fails where there is one already.
    static func make(_ path: String) throws(SQLError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        _ = close(descriptor)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func remove(_ path: String) { _ = unlink(path) }

    static func folder(of path: String) -> String { URL(filePath: path).deletingLastPathComponent().path }

    private static func failure(_ path: String) -> SQLError {
        let message = "\(path): \(String(cString: strerror(errno)))"
        return errno == ENOSPC ? .diskFull(message) : .inputOutput(message)
    }
}
