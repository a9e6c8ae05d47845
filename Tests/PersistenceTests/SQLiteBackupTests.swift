import Foundation
import Persistence
import TestSupport
import Testing

/// The drill: a backup under load, a restore, and what must be there afterwards.
@Suite struct SQLiteBackupTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/server.db" }
    private var copy: String { folder.path + "/backups/copy.db" }
    private let table = Migration("t") { transaction in
        try transaction.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, filling BLOB NOT NULL) STRICT")
    }

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/backups", withIntermediateDirectories: true)
    }

    private func open(_ path: String) async throws -> SQLiteDatabase {
        let database = try await SQLiteDatabase.open(path: path)
        try await Migrator([table]).migrate(database)
        return database
    }

    private static func insert(_ database: SQLiteDatabase, _ id: Int) async throws {
        let filling = [UInt8](repeating: UInt8(truncatingIfNeeded: id), count: 500)
        _ = try await database.write { try $0.execute("INSERT INTO t (id, filling) VALUES (\(id), \(filling))") }
    }

    private func ids(_ path: String) async throws -> [Int] {
        let database = try await SQLiteDatabase.open(path: path)
        let ids = try await database.read { transaction in
            try transaction.rows("SELECT id FROM t ORDER BY id").map { try $0.get("id", as: Int.self) }
        }
        await database.close()
        return ids
    }

    @Test func `a backup under load holds everything acknowledged before it began, and can be restored`() async throws {
        let database = try await open(path)
        let acknowledged = Collected<Int>()
        var (before, after): ([Int], [Int]) = ([], [])
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for round in 0..<60 {
                        try await Self.insert(database, worker * 1_000 + round)
                        acknowledged.add(worker * 1_000 + round)
                    }
                }
            }
            await acknowledged.reached(100)
            before = acknowledged.all
            let backup = try await database.backup(to: copy)
            after = acknowledged.all
            #expect(backup.bytes > 100 * 500)
            try await group.waitForAll()
        }
        await database.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/backups") == ["copy.db"])

        let restored = try await SQLiteDatabase.restore(from: copy, to: path)
        #expect(restored.replaced == path + ".replaced-1")
        let there = Set(try await ids(path))
        #expect(there.isSuperset(of: before))
        // One consistent state: of each worker a prefix.
        for worker in 0..<8 {
            let rounds = there.filter { $0 / 1_000 == worker }.map { $0 % 1_000 }.sorted()
            #expect(rounds == Array(0..<rounds.count))
        }
        #expect(after.count >= before.count)
        #expect(try await ids(path + ".replaced-1").count == 480)
    }

    @Test func `one backup may replace another, but nothing else`() async throws {
        let database = try await open(path)
        try await Self.insert(database, 1)
        _ = try await database.backup(to: copy)
        try await Self.insert(database, 2)
        _ = try await database.backup(to: copy)
        let foreign = try folder.write("somebody's notes", to: "notes.txt")
        await #expect(throws: SQLError.self) { _ = try await database.backup(to: foreign) }
        #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "somebody's notes")
        await #expect(throws: SQLError.self) { _ = try await database.backup(to: path) }
        await #expect(throws: SQLError.self) { _ = try await database.backup(to: folder.path + "/none/copy.db") }
        await database.close()
        #expect(try await ids(copy) == [1, 2])
        #expect(try await ids(path) == [1, 2])
    }

    @Test func `another server's database is no place for a backup, whether that server runs or not`() async throws {
        let database = try await open(path)
        try await Self.insert(database, 1)
        let other = folder.path + "/other.db"
        let live = try await open(other)
        try await Self.insert(live, 2)
        await #expect(throws: SQLError.inUse(path: other)) { _ = try await database.backup(to: other) }
        try await Self.insert(live, 3)
        await live.close()
        await #expect(throws: SQLError.inUse(path: other)) { _ = try await database.backup(to: other) }
        await database.close()
        #expect(try await ids(other) == [2, 3])
    }

    @Test func `a backup can be taken beside the running server, by a look`() async throws {
        let database = try await open(path)
        try await Self.insert(database, 7)
        let look = try await SQLiteDatabase.openReadOnly(path: path)
        _ = try await look.backup(to: copy)
        await look.close()
        try await Self.insert(database, 8)
        await database.close()
        #expect(try await ids(copy) == [7])
        #expect(try await ids(path) == [7, 8])
    }

    @Test func `a running server's database is not restored over`() async throws {
        let database = try await open(path)
        try await Self.insert(database, 1)
        _ = try await database.backup(to: copy)
        await #expect(throws: SQLError.inUse(path: path)) {
            _ = try await SQLiteDatabase.restore(from: copy, to: path)
        }
        try await Self.insert(database, 2)
        await database.close()
        #expect(try await ids(path) == [1, 2])
    }

    @Test(arguments: ["missing", "empty", "text", "foreign", "damaged"])
    func `what is no backup of ours is refused, and the database stays`(_ kind: String) async throws {
        let database = try await open(path)
        for id in 0..<50 { try await Self.insert(database, id) }
        let file = folder.path + "/backups/" + kind
        switch kind {
        case "empty": _ = try folder.write("", to: "backups/" + kind)
        case "text": _ = try folder.write(String(repeating: "no database ", count: 20), to: "backups/" + kind)
        case "foreign": try makeForeignDatabase(file)
        case "damaged":
            _ = try await database.backup(to: file)
            try damage(file)
        default: break
        }
        await database.close()
        let error = try await #require(throws: SQLError.self) {
            _ = try await SQLiteDatabase.restore(from: file, to: path)
        }
        #expect("\(error)".contains(file) || kind == "damaged", "\(error)")
        #expect(try await ids(path).count == 50)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!files.contains { $0.contains("replaced") || $0.contains("partial") || $0.contains("restoring") })
    }

    /// Whatever is left of it, one line says that it is cut off, and which file it is.
    @Test func `a backup that was cut off is refused at every length, and the database stays`() async throws {
        let database = try await open(path)
        for id in 0..<50 { try await Self.insert(database, id) }
        let file = folder.path + "/backups/whole"
        let bytes = try await database.backup(to: file).bytes
        await database.close()
        let whole = try Data(contentsOf: URL(filePath: file))
        for length in [1, 99, 100, 101, 4_095, 4_096, 4_097, 8_192, bytes / 2, bytes - 4_096, bytes - 1] {
            let cut = folder.path + "/backups/cut"
            try whole.prefix(length).write(to: URL(filePath: cut))
            let error = try await #require(throws: SQLError.self, "\(length) bytes") {
                _ = try await SQLiteDatabase.restore(from: cut, to: path)
            }
            let text = "\(error)"
            #expect(text.contains(cut) && !text.contains("\n") && text.utf8.count < 300, "\(length) bytes: \(text)")
            if length >= 100 { #expect(text.contains("cut off, \(length) of \(bytes) bytes"), "\(text)") }
        }
        #expect(try await ids(path).count == 50)
    }

    @Test func `another program's database is not replaced`() async throws {
        let database = try await open(path)
        _ = try await database.backup(to: copy)
        await database.close()
        let foreign = folder.path + "/foreign.db"
        try makeForeignDatabase(foreign)
        let before = try Data(contentsOf: URL(filePath: foreign))
        await #expect(throws: SQLError.self) { _ = try await SQLiteDatabase.restore(from: copy, to: foreign) }
        #expect(try Data(contentsOf: URL(filePath: foreign)) == before)
        #expect(!FileManager.default.fileExists(atPath: foreign + ".lock"))
    }

    @Test func `a damaged database stops the start with one line, and is replaced by its backup`() async throws {
        let database = try await open(path)
        for id in 0..<50 { try await Self.insert(database, id) }
        _ = try await database.backup(to: copy)
        await database.close()
        // A copy, because it has no log that would cover the damage.
        let damaged = folder.path + "/damaged.db"
        try FileManager.default.copyItem(atPath: copy, toPath: damaged)
        try damage(damaged)
        let error = try await #require(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: damaged) }
        guard case .corrupt(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(message.hasPrefix(damaged) && !message.contains("\n"))
        _ = try await SQLiteDatabase.restore(from: copy, to: damaged)
        #expect(try await ids(damaged).count == 50)
    }

    @Test
    func `after an interrupted restore a server does not start on what is left, and the restore can be run again`()
        async throws
    {
        let database = try await open(path)
        for id in 0..<5 { try await Self.insert(database, id) }
        _ = try await database.backup(to: copy)
        await database.close()
        // As after a crash between setting the old file aside and naming the new one.
        _ = try folder.write("", to: "server.db.restoring")
        try FileManager.default.moveItem(atPath: path, toPath: path + ".replaced-1")
        let error = try await #require(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: path) }
        #expect("\(error)".contains("interrupted"))
        #expect(!FileManager.default.fileExists(atPath: path))
        _ = try await SQLiteDatabase.restore(from: copy, to: path)
        #expect(try await ids(path) == [0, 1, 2, 3, 4])
        #expect(try await ids(path + ".replaced-1") == [0, 1, 2, 3, 4])
    }

    // MARK: - Support

    private func makeForeignDatabase(_ file: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('CREATE TABLE mixin_user (x)'); c.commit()",
            file,
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Overwrites the middle of the file, as a bad disk does.
    private func damage(_ file: String) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: size / 2)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: 8_192))
        try handle.close()
    }
}
