import Foundation
internal import GRDB

/// Replacing a database file by a backup, step by step so that a crash between two of them loses nothing and is noticed.
enum SQLiteRestore {
    /// While this file is there a server does not start: the database's own file may be missing, or apart from its log.
    static func marker(_ path: String) -> String { path + ".restoring" }

    static func run(_ backup: String, _ target: String) throws -> SQLiteRestoration {
        guard try SQLiteFile.isOurs(backup) else {
            let found = DurableFile.exists(backup) ? "an empty file" : "nothing"
            throw SQLError.notOurDatabase(path: backup, found: found)
        }
        try SQLiteFile.requireWhole(backup)
        try FileManager.default.createDirectory(
            atPath: DurableFile.folder(of: target), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        guard let lock = try FileLock(path: target + ".lock") else { throw SQLError.inUse(path: target) }
        defer { withExtendedLifetime(lock) {} }
        do { try refuseForeign(target) } catch {
            if lock.isNew { lock.removeFile() }
            throw error
        }
        var configuration = Configuration()
        configuration.readonly = true
        let source: DatabaseQueue
        do { source = try DatabaseQueue(path: backup, configuration: configuration) } catch {
            throw SQLiteCheck.named(SQLError(error), backup)
        }
        defer { try? source.close() }
        var replaced: String?
        let bytes = try SQLiteCopy.make(
            of: source, named: backup, to: target, amendments: [Restores.sqliteTable, Restores.sqliteNote]
        ) { replaced = try setAside(target) }
        DurableFile.remove(marker(target))
        DoubtfulLog.remove(target)
        try DurableFile.sync(DurableFile.folder(of: target))
        return SQLiteRestoration(path: target, bytes: bytes, replaced: replaced)
    }

    /// Another program's database stays where it is; a damaged one of ours, whose header may say anything, does not, nor a log whose file
    /// is gone.
    private static func refuseForeign(_ target: String) throws(SQLError) {
        do { _ = try SQLiteFile.isOurs(target) } catch {
            switch error {
            case .notOurDatabase(_, SQLiteFile.noDatabase), .corrupt: return
            default: throw error
            }
        }
    }

    /// The file and its log keep belonging together by their names.
    private static func setAside(_ target: String) throws(SQLError) -> String? {
        let isInterrupted = DurableFile.exists(marker(target))
        if !isInterrupted { try DurableFile.make(marker(target)) }
        try DurableFile.sync(DurableFile.folder(of: target))
        let name = asideName(target, isInterrupted)
        for suffix in ["-wal", "-shm", "-journal", ""] where DurableFile.exists(target + suffix) {
            try DurableFile.rename(target + suffix, to: name + suffix)
        }
        try DurableFile.sync(DurableFile.folder(of: target))
        return DurableFile.exists(name) || DurableFile.exists(name + "-wal") ? name : nil
    }

    /// The next free name; after an interruption the one that was begun with, if it still misses something.
    private static func asideName(_ target: String, _ isInterrupted: Bool) -> String {
        func name(_ number: Int) -> String { target + ".replaced-\(number)" }
        var last = 0
        while ["", "-wal", "-shm"].contains(where: { DurableFile.exists(name(last + 1) + $0) }) { last += 1 }
        let isUnfinished = last > 0 && !(DurableFile.exists(target) && DurableFile.exists(name(last)))
        return isInterrupted && isUnfinished ? name(last) : name(last + 1)
    }
}
