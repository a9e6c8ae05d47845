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
    private let isClosed = Mutex(false)
    private let tuning: SQLiteTuning
    private let areAllPagesChecked = Mutex(false)
    private let damage = Damage()
    private let files: FileWatch

    private init(
        path: String, pool: DatabasePool, lock: FileLock?, isReadOnly: Bool = false,
        tuning: SQLiteTuning = SQLiteTuning()
    ) {
        self.path = path
        self.pool = pool
        self.tuning = tuning
        notifier = Notifier()
        files = FileWatch(path)
        commits =
            isReadOnly
            ? nil
            : GroupCommit(
                SQLiteCommitter(pool, notifier, tuning, damage, files), label: "mrmarket.sqlite.writer",
                maximumBatch: tuning.maximumBatch, patience: tuning.patience)
        self.lock = Mutex(lock)
    }

    /// The library's version. Below 3.51.3 only one connection may write, which is how it is used here.
    public static var libraryVersion: String { (try? DatabaseQueue().read(version)) ?? "unknown" }

    private static func version(_ connection: Database) throws -> String {
        try String.fetchOne(connection, sql: "SELECT sqlite_version()") ?? "unknown"
    }

    // MARK: - Opening

    /// Opens the database of a server, making it where there is none: for this process alone.
    /// - Parameter migrator: with which it will be brought forward; a file that a newer server wrote is refused before anything is written.
    /// - Throws: ``SQLError/notOurDatabase(path:found:)``, ``SQLError/inUse(path:)``, ``SQLError/newerSchema(path:migrations:)``,
    ///   or what the disk says.
    public static func open(
        path: String, tuning: SQLiteTuning = SQLiteTuning(), for migrator: Migrator? = nil
    ) async throws -> SQLiteDatabase {
        try SQLiteFile.requireFile(path)
        try prepareFolder(path)
        // Before anything else touches the file: a server in this process would lose its locks by our looking at it.
        guard let lock = try FileLock(path: path + ".lock") else { throw SQLError.inUse(path: path) }
        do {
            try refuseInterruptedRestore(path)
            try DoubtfulLog.refuse(path)
            return try make(path, lock, tuning, migrator)
        } catch {
            if lock.isNew { lock.removeFile() }
            throw SQLiteCheck.named(SQLError(error), path)
        }
    }

    private static func make(
        _ path: String, _ lock: FileLock, _ tuning: SQLiteTuning, _ migrator: Migrator?
    ) throws -> SQLiteDatabase {
        var isOurs = true
        try OpenFiles.add(path) { () throws(SQLError) in isOurs = try SQLiteFile.isOurs(path) }
        do {
            if !isOurs {
                if !lock.isNew { try SQLiteFile.refuseEmptied(path) }
                try NewFile.make(path)
            }
            let database = try checked(path, lock, tuning, migrator)
            try LogFile(path: path + "-wal").extend(to: tuning.initialLogBytes)
            database.files.begin()
            return database
        } catch {
            OpenFiles.remove(path)
            throw error
        }
    }

    /// A refused file stays as it was, its log too.
    private static func checked(
        _ path: String, _ lock: FileLock, _ tuning: SQLiteTuning, _ migrator: Migrator?
    ) throws -> SQLiteDatabase {
        // A journal beside the file has to be played back first, which takes a connection that writes.
        var keeper = DurableFile.exists(path + "-journal") ? nil : try LogKeeper(path)
        defer { keeper?.close() }
        let isWhole = try keeper.map { try SQLiteCheck.atStart($0, path, limit: tuning.checkedAtStart) }
        if let keeper, let migrator { try migrator.refuseNewer(try SQLiteCheck.migrations(keeper, path), at: path) }
        let pool = try pool(path, isReadOnly: false, tuning)
        do {
            if keeper == nil { keeper = try LogKeeper(path) }
            let database = SQLiteDatabase(path: path, pool: pool, lock: lock, tuning: tuning)
            try database.setUp(isWhole)
            return database
        } catch {
            try? pool.close()
            throw error
        }
    }

    /// Opens a server's database to look at it, running server or not.
    /// - Parameter isAlone: no server may run, nor begin until it is closed: ``SQLError/inUse(path:)``.
    public static func openReadOnly(path: String, isAlone: Bool = false) async throws -> SQLiteDatabase {
        do {
            try SQLiteFile.requireFile(path)
            let lock = isAlone ? try FileLock(path: path + ".lock") : nil
            if isAlone, lock == nil { throw SQLError.inUse(path: path) }
            try DoubtfulLog.refuse(path)
            try OpenFiles.add(path) { () throws(SQLError) in
                guard try SQLiteFile.isOurs(path) else {
                    guard DurableFile.exists(path) else { throw .other("\(path): there is no such file") }
                    throw .notOurDatabase(path: path, found: "an empty file")
                }
            }
            do {
                return SQLiteDatabase(
                    path: path, pool: try pool(path, isReadOnly: true, SQLiteTuning()), lock: lock, isReadOnly: true)
            } catch {
                OpenFiles.remove(path)
                throw error
            }
        } catch { throw SQLiteCheck.named(SQLError(error), path) }
    }

    /// Whether a start would make a new database at a path, by looking alone.
    /// - Returns: false where one of ours is.
    /// - Throws: ``SQLError`` where it would refuse: something else is there, or what is left of a database.
    public static func wouldBeMade(at path: String) throws -> Bool {
        try SQLiteFile.requireFile(path)
        try refuseInterruptedRestore(path)
        var isOurs = true
        try OpenFiles.add(path) { () throws(SQLError) in isOurs = try SQLiteFile.isOurs(path) }
        OpenFiles.remove(path)
        if !isOurs, DurableFile.exists(path + ".lock") { try SQLiteFile.refuseEmptied(path) }
        return !isOurs
    }

    private static func refuseInterruptedRestore(_ path: String) throws(SQLError) {
        guard DurableFile.exists(SQLiteRestore.marker(path)) else { return }
        throw .corrupt("\(path): putting a backup in its place was interrupted; restore it again")
    }

    private static func prepareFolder(_ path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw SQLError.inputOutput("\(folder): \(error.localizedDescription)") }
    }

    private static func pool(_ path: String, isReadOnly: Bool, _ tuning: SQLiteTuning) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Double(tuning.busyTimeout) / 1_000)
        configuration.maximumReaderCount = 4
        configuration.label = "mrmarket.sqlite"
        configuration.prepareDatabase { connection in
            // Turning WAL on is a commit with a rollback journal, which ends by the journal's deletion. Only EXTRA makes that durable: a power
            // cut would bring the journal back, and the next start would put the file back to what it was before, and cut it to that.
            try connection.execute(sql: "PRAGMA synchronous = EXTRA")
            // For a reader; the writer, whom everybody waits for, gets more. Both are full after some days of trading, and stay so.
            try connection.execute(sql: "PRAGMA cache_size = -4096")
            // A log grown long in a busy time is cut to this when it begins anew.
            try connection.execute(sql: "PRAGMA journal_size_limit = \(SQLiteTuning.defaultLogBytes)")
            // Only the writer checkpoints, and when it chooses.
            try connection.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        return try DatabasePool(path: path, configuration: configuration)
    }

    /// GRDB sets `synchronous` to NORMAL when it turns WAL on, after `prepareDatabase`: so FULL comes last, read back.
    /// - Parameter isChecked: whether every page has been looked at; nil when none has.
    private func setUp(_ isChecked: Bool?) throws {
        try pool.writeWithoutTransaction { connection in
            try connection.execute(sql: "PRAGMA cache_size = -16384")
            try connection.execute(sql: "PRAGMA synchronous = FULL")
            let level = try Int.fetchOne(connection, sql: "PRAGMA synchronous")
            let mode = try String.fetchOne(connection, sql: "PRAGMA journal_mode")
            guard level == 2, mode == "wal" else {
                throw SQLError.other("SQLite would not be durable: synchronous \(level ?? -1), \(mode ?? "no journal")")
            }
            let isWhole = try isChecked ?? SQLiteCheck.atStart(connection, path, limit: tuning.checkedAtStart)
            areAllPagesChecked.withLock { $0 = isWhole }
            try connection.execute(
                sql: "CREATE TABLE IF NOT EXISTS \(Migrator.table) (name TEXT PRIMARY KEY) STRICT")
            try connection.execute(sql: Restores.sqliteTable)
        }
    }

    /// Looks at every page of a file that was too large for that when it was opened; returns at once for any other.
    /// - Throws: ``SQLError/corrupt(_:)`` with the path.
    public func checkPages() async throws {
        if areAllPagesChecked.withLock({ $0 }) { return }
        let path = path
        do { try await pool.read { try SQLiteCheck.pages($0, path) } } catch {
            damage.note(SQLError(error))
            throw error
        }
        areAllPagesChecked.withLock { $0 = true }
    }

    /// For copying it.
    var reader: any DatabaseReader { pool }

    // MARK: - Working

    public var dialect: SQLDialect { .sqlite }

    public func notifications(_ channel: String) -> AsyncStream<Void> { notifier.notifications(channel) }

    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        guard let commits else { throw SQLError.readOnly(path) }
        return try await commits.write(body)
    }

    public func writeWithoutSync<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        guard let commits else { throw SQLError.readOnly(path) }
        return try await commits.write(isDurable: false, body)
    }

    public func write<Value: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        guard let commits else { return completion(.failure(SQLError.readOnly(path))) }
        commits.write(isDurable: isDurable, body, completion: completion)
    }

    public var executor: (any TaskExecutor)? { commits?.executor }

    public func addRider(_ rider: any CommitRider) -> Bool { commits?.riders.add(rider) ?? false }

    public func removeRider(_ rider: any CommitRider) { commits?.riders.remove(rider) }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        // A connection that is opened for it could have another file before it.
        if files.isLost, let lost = files.look() { throw lost }
        do { return try await pool.read { try body(SQLiteTransaction(connection: $0)) } } catch {
            let isOwn = error is SQLError || error is DatabaseError
            guard isOwn else { throw error }
            let named = SQLiteCheck.named(SQLError(error), path)
            damage.note(named)
            throw named
        }
    }

    public func lostFile() -> SQLError? { files.look() }

    public func close() async {
        let isDrained = await commits?.close() ?? true
        notifier.close()
        // The connection is in use, by who knows what: the end of the process ends it.
        guard isDrained else { return }
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        await closePool()
        OpenFiles.remove(path)
        lock.withLock { $0 = nil }
    }

    /// On a thread of its own: it waits for readers, and they may need the very threads that tasks run on.
    private func closePool() async {
        // The last connection to be closed would play the log into what is there now: the end of the process closes without.
        if files.isWrittenOver { return }
        let (pool, path, isDamaged) = (pool, path, damage.isKnown)
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "mrmarket.sqlite.close").async {
                let keeper = isDamaged ? try? LogKeeper(path) : nil
                try? pool.close()
                keeper?.close()
                continuation.resume()
            }
        }
    }
}
