import Dispatch
import Foundation
internal import GRDB

/// A backup that was taken.
public struct SQLiteBackup: Hashable, Sendable {
    public let path: String
    public let bytes: Int
}

/// A backup that was put in a database's place.
public struct SQLiteRestoration: Hashable, Sendable {
    public let path: String
    public let bytes: Int
    /// Where the database that was there before is now; nil when there was none.
    public let replaced: String?
}

extension SQLiteDatabase {
    /// Copies the database to a file while it is being written to; writers do not wait. Everything that was acknowledged
    /// before the call is in it. The file appears under its name only when it is whole, verified and on the disk; one backup
    /// may replace another.
    /// - Throws: ``SQLError``; then there is no new file.
    public func backup(to target: String) async throws -> SQLiteBackup {
        guard !Self.isSame(target, path) else { throw SQLError.other("\(target) is the database itself") }
        try Self.refuseCompanion(target)
        _ = try SQLiteFile.isOurs(target)
        // A backup is one file and nothing beside it. What has a lock or a log belongs to a server, running or not.
        for suffix in [".lock", "-wal", "-shm", ".restoring"] where DurableFile.exists(target + suffix) {
            throw SQLError.inUse(path: target)
        }
        let reader = reader
        return try await Self.aside {
            SQLiteBackup(path: target, bytes: try SQLiteCopy.make(of: reader, to: target))
        }
    }

    /// A file that stands beside a database and is part of it: an empty lock looks like a place for a backup, and a server holds it.
    private static func refuseCompanion(_ target: String) throws(SQLError) {
        for suffix in [".lock", "-wal", "-shm", "-journal", ".restoring", ".new"] where target.hasSuffix(suffix) {
            throw .other("\(target): a name ending in \(suffix) is for a database's own files; choose another")
        }
    }

    /// Puts a backup in a database's place, or where there is none. The database that was there is kept beside it as
    /// `….replaced-1` and so on.
    /// - Throws: ``SQLError/inUse(path:)`` while a server runs on it; ``SQLError/notOurDatabase(path:found:)``,
    ///   ``SQLError/corrupt(_:)`` for a backup that is none. Then the database is as it was.
    public static func restore(from backup: String, to target: String) async throws -> SQLiteRestoration {
        guard !isSame(backup, target) else { throw SQLError.other("\(backup) is the database itself") }
        return try await aside { try SQLiteRestore.run(backup, target) }
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        URL(filePath: one).resolvingSymlinksInPath().path == URL(filePath: other).resolvingSymlinksInPath().path
    }

    /// Work that blocks, on a thread of its own.
    private static func aside<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let thread = DispatchQueue(label: "mrmarket.sqlite.backup", qos: .utility)
        return try await withCheckedThrowingContinuation { continuation in
            thread.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
