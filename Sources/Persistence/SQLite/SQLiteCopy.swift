import Foundation
internal import GRDB

/// A whole, verified copy of a database, in one file without a log.
enum SQLiteCopy {
    /// Copies one consistent state of `source` while others write to it: nobody waits for it. It becomes `path` only when it
    /// is whole, checked and on the disk.
    /// - Parameters:
    ///   - name: what an error calls damage, where it is the source's: the copy's own name otherwise.
    ///   - amendments: statements for the copy alone.
    /// - Returns: its size in bytes.
    static func make(
        of source: any DatabaseReader, named name: String? = nil, to path: String, amendments: [String] = [],
        _ replace: () throws -> Void = {}
    ) throws -> Int {
        removeLeftovers(path)
        let partial = path + ".partial-\(UUID().uuidString)"
        try DurableFile.make(partial)
        defer {
            for file in [partial, partial + "-journal", partial + "-wal", partial + "-shm"] { DurableFile.remove(file) }
        }
        do {
            let copy = try DatabaseQueue(path: partial)
            // One step under one read transaction: nothing that is committed meanwhile makes it start again.
            try source.backup(to: copy, pagesPerStep: -1)
            try copy.writeWithoutTransaction { connection in
                try connection.execute(sql: "PRAGMA journal_mode = DELETE")
                try SQLiteCheck.whole(connection, name ?? partial)
                for amendment in amendments { try connection.execute(sql: amendment) }
            }
            try copy.close()
        } catch { throw Self.failure(SQLError(error), name ?? path, copy: path) }
        guard try SQLiteFile.isOurs(partial) else { throw SQLError.corrupt("\(partial): the copy is empty") }
        try DurableFile.sync(partial)
        let size = try FileManager.default.attributesOfItem(atPath: partial)[.size] as? Int ?? 0
        try replace()
        try DurableFile.rename(partial, to: path)
        try DurableFile.sync(DurableFile.folder(of: path))
        return size
    }

    /// The copying tells a full disk and not whose, and of the copy alone: its source is only read.
    private static func failure(_ error: SQLError, _ name: String, copy path: String) -> SQLError {
        if case .diskFull = error { return .diskFull("\(path): the copy does not fit") }
        return SQLiteCheck.named(error, name)
    }

    /// What a copy that was killed has left. One that is still being made is younger.
    private static func removeLeftovers(_ path: String) {
        let folder = DurableFile.folder(of: path)
        let prefix = URL(filePath: path).lastPathComponent + ".partial-"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(prefix) {
            let file = folder + "/" + name
            let changed = try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
            if let changed, changed.timeIntervalSinceNow < -leftoverSeconds { DurableFile.remove(file) }
        }
    }

    private static let leftoverSeconds = 3_600.0
}
