import Foundation
internal import GRDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Makes a database of ours where there is none.
///
/// Beside its place first, and moved there whole: a process that is killed in between, or a power cut, leaves either nothing
/// or a file that the next start knows for ours. Marked in place, a file could be left that has pages and no mark, and would be
/// refused as another program's from then on.
enum NewFile {
    static func make(_ path: String) throws {
        // An empty file elsewhere that a link leads to is filled there.
        let path = URL(filePath: path).resolvingSymlinksInPath().path
        let draft = path + ".new"
        // What an earlier start left.
        for file in [draft, draft + "-journal"] { try? FileManager.default.removeItem(atPath: file) }
        // Readable by its owner alone from the first byte on.
        guard FileManager.default.createFile(atPath: draft, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw SQLError.inputOutput("\(draft): cannot be made") }
        try mark(draft)
        guard rename(draft, path) == 0 else {
            throw SQLError.inputOutput("\(path): \(String(cString: strerror(errno)))")
        }
        try syncFolder(of: path)
    }

    /// Writes whose file it is into the header before WAL is turned on: what the log holds, a look at the file misses.
    private static func mark(_ draft: String) throws {
        let queue = try DatabaseQueue(path: draft)
        try queue.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            // A draft that fails is made anew; there is nothing to roll back to.
            try connection.execute(sql: "PRAGMA journal_mode = OFF")
            try connection.execute(sql: "PRAGMA application_id = \(SQLiteFile.applicationID)")
        }
        try queue.close()
    }

    /// Makes the new name durable.
    private static func syncFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SQLError.inputOutput("\(folder): \(String(cString: strerror(errno)))") }
        defer { _ = Glibc.close(descriptor) }
        // Some file systems cannot sync a folder, and say so; there is nothing else to be done on them.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw SQLError.inputOutput("\(folder): \(String(cString: strerror(errno)))")
        }
    }
}
