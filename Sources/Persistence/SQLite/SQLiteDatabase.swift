import Dispatch
import Foundation
internal import GRDB
import Synchronization

/// The embedded engine: one file, one writer, many readers.
///
/// WAL with `synchronous=FULL`, foreign keys, a busy timeout. Only the writer writes and checkpoints: SQLite before 3.51.3
/// can corrupt a WAL when two connections do (https://www.sqlite.org/wal.html, "the WAL-reset bug").
public final class SQLiteDatabase: SQLDatabase {
    public let path: String
    private let pool: DatabasePool
    private let commits: GroupCommit?
    private let notifier: Notifier
    /// Held for as long as the database is open.
    private let lock: Mutex<FileLock?>

    private init(path: String, pool: DatabasePool, lock: FileLock?) {
        self.path = path
        self.pool = pool
        notifier = Notifier()
        commits =
            lock == nil ? nil : GroupCommit(SQLiteCommitter(pool, notifier), label: "mrmarket.sqlite.writer")
        self.lock = Mutex(lock)
    }

    /// The library's version. Below 3.51.3 only one connection may write, which is how it is used here.
    public static var libraryVersion: String { (try? DatabaseQueue().read(version)) ?? "unknown" }

    private static func version(_ connection: Database) throws -> String {
        try String.fetchOne(connection, sql: "SELECT sqlite_version()") ?? "unknown"
    }

    // MARK: - Opening

    /// Opens the database of a server, making it where there is none: for this process alone.
    /// - Throws: ``SQLError/notOurDatabase(path:found:)``, ``SQLError/inUse(path:)``, or what the disk says.
    public static func open(path: String) async throws -> SQLiteDatabase {
        let isOurs = try SQLiteFile.isOurs(path)
        try prepareFolder(path)
        guard let lock = try FileLock(path: path + ".lock") else { throw SQLError.inUse(path: path) }
        do {
            if !isOurs {
                try makeFile(path)
                try mark(path)
            }
            let database = SQLiteDatabase(path: path, pool: try pool(path, isReadOnly: false), lock: lock)
            try database.setUp()
            return database
        } catch { throw SQLError(error) }
    }

    /// Opens a server's database to look at it, running server or not.
    public static func openReadOnly(path: String) async throws -> SQLiteDatabase {
        guard try SQLiteFile.isOurs(path) else { throw SQLError.notOurDatabase(path: path, found: "an empty file") }
        do { return SQLiteDatabase(path: path, pool: try pool(path, isReadOnly: true), lock: nil) } catch {
            throw SQLError(error)
        }
    }

    private static func prepareFolder(_ path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw SQLError.inputOutput("\(folder): \(error.localizedDescription)") }
    }

    /// Readable by its owner alone from the first byte on.
    private static func makeFile(_ path: String) throws {
        if FileManager.default.fileExists(atPath: path) { return }
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw SQLError.inputOutput("\(path): cannot be made") }
    }

    /// Writes whose file it is into the header before WAL is turned on: what the log holds, a look at the file misses.
    private static func mark(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            try connection.execute(sql: "PRAGMA application_id = \(SQLiteFile.applicationID)")
        }
        try queue.close()
    }

    private static func pool(_ path: String, isReadOnly: Bool) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.label = "mrmarket.sqlite"
        configuration.prepareDatabase { connection in
            try connection.execute(sql: "PRAGMA cache_size = -65536")
            // Only the writer checkpoints, and when it chooses.
            try connection.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        return try DatabasePool(path: path, configuration: configuration)
    }

    /// GRDB sets `synchronous` to NORMAL when it turns WAL on, after `prepareDatabase`: so FULL comes last, read back.
    private func setUp() throws {
        try pool.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            let level = try Int.fetchOne(connection, sql: "PRAGMA synchronous")
            let mode = try String.fetchOne(connection, sql: "PRAGMA journal_mode")
            guard level == 2, mode == "wal" else {
                throw SQLError.other("SQLite would not be durable: synchronous \(level ?? -1), \(mode ?? "no journal")")
            }
            try connection.execute(
                sql: "CREATE TABLE IF NOT EXISTS \(Migrator.table) (name TEXT PRIMARY KEY) STRICT")
        }
    }

    // MARK: - Working

    public var dialect: SQLDialect { .sqlite }

    public func notifications(_ channel: String) -> AsyncStream<Void> { notifier.notifications(channel) }

    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        guard let commits else { throw SQLError.readOnly(path) }
        return try await commits.write(body)
    }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        do { return try await pool.read { try body(SQLiteTransaction(connection: $0)) } } catch let error
            as DatabaseError
        {
            throw SQLError(error)
        }
    }

    public func close() async {
        await commits?.close()
        notifier.close()
        try? pool.close()
        lock.withLock { $0 = nil }
    }
}
