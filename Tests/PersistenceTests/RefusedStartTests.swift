import Foundation
import TestSupport
import Testing

@testable import Persistence

/// A start that is refused leaves what is there as it was: what was acknowledged may be in the log alone.
@Suite struct RefusedStartTests {
    private let folder: TemporaryFolder
    /// As a process leaves it that is killed: a file, and commits in its log that are not in the file.
    private var path: String { folder.path + "/killed.db" }

    init() throws { folder = try TemporaryFolder() }

    private func kill() async throws {
        let whole = folder.path + "/server.db"
        var database = try await SQLiteDatabase.open(path: whole)
        let text = String(repeating: "x", count: 1_000)
        try await database.write { transaction in
            try transaction.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT")
            for number in 0..<200 { try transaction.execute("INSERT INTO t VALUES (\(number), \(text))") }
        }
        await database.close()
        database = try await SQLiteDatabase.open(path: whole)
        for number in 200..<210 {
            try await database.write { _ = try $0.execute("INSERT INTO t VALUES (\(number), \(text))") }
        }
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: whole + suffix, toPath: path + suffix)
        }
        await database.close()
    }

    private var files: [Data?] { ["", "-wal"].map { try? Data(contentsOf: URL(filePath: path + $0)) } }

    private func expectCorrupt(_ words: String) async throws {
        let before = files
        for _ in 0..<2 {
            let error = try await #require(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: path) }
            guard case .corrupt(let message) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(message.hasPrefix(path) && message.contains(words) && !message.contains("\n"))
        }
        #expect(files == before)
    }

    private func count() async throws -> Int64? {
        let database = try await SQLiteDatabase.open(path: path)
        let count = try await database.read { try $0.row("SELECT COUNT(*) FROM t")?.get(0, as: Int64.self) }
        await database.close()
        return count
    }

    @Test func `a file that a newer server wrote is refused before anything is written, in log or file`() async throws {
        try await kill()
        let known = Migrator([Migration("t-001") { _ in }])
        let database = try await SQLiteDatabase.open(path: path)
        try await database.write { _ = try $0.execute("INSERT INTO mrmarket_migrations VALUES ('t-001'), ('t-999')") }
        await database.close()
        let before = files
        for _ in 0..<2 {
            await #expect(throws: SQLError.newerSchema(path: path, migrations: ["t-999"])) {
                _ = try await SQLiteDatabase.open(path: path, for: known)
            }
        }
        #expect(files[0] == before[0] && files[1]?.isEmpty ?? true)
        #expect(try await count() == 210)
    }

    @Test(arguments: [false, true])
    func `a log whose file is gone, or empty, is kept until the file is back`(_ isEmpty: Bool) async throws {
        try await kill()
        let aside = path + ".aside"
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        if isEmpty { #expect(FileManager.default.createFile(atPath: path, contents: nil)) }
        try await expectCorrupt("log")
        #expect(throws: SQLError.self) { try SQLiteDatabase.wouldBeMade(at: path) }
        await #expect(throws: SQLError.self) { _ = try await SQLiteDatabase.openReadOnly(path: path) }
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        #expect(try await count() == 210)
    }

    @Test func `a backup takes the place of a log whose file is gone, and the log is kept beside it`() async throws {
        try await kill()
        let database = try await SQLiteDatabase.open(path: folder.path + "/server.db")
        _ = try await database.backup(to: folder.path + "/copy.db")
        await database.close()
        try FileManager.default.removeItem(atPath: path)
        let log = files[1]
        let restored = try await SQLiteDatabase.restore(from: folder.path + "/copy.db", to: path)
        let replaced = try #require(restored.replaced)
        #expect(try Data(contentsOf: URL(filePath: replaced + "-wal")) == log)
        #expect(try await count() == 210)
    }

    private func damage(page: UInt64) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seek(toOffset: 4_096 * (page - 1))
        try file.write(contentsOf: Data(repeating: 0xA5, count: 4_096))
        try file.close()
    }

    @Test func `a damaged file keeps its log`() async throws {
        try await kill()
        try damage(page: 21)
        try await expectCorrupt("Page 21")
    }

    /// What says that a transaction was interrupted, and does not, takes the same care.
    @Test(arguments: [0, 5_000])
    func `a damaged file keeps its log with a journal beside it that is none`(_ length: Int) async throws {
        try await kill()
        try damage(page: 21)
        try Data((0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(to: URL(filePath: path + "-journal"))
        let log = files[1]
        let error = try await #require(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: path) }
        guard case .corrupt(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(message.hasPrefix(path) && files[1] == log)
    }

    /// Such a file is opened, and its damage met when the page is read.
    @Test(arguments: [false, true])
    func `a damaged file that was too large to be looked at keeps its log, and is named`(_ writes: Bool) async throws {
        try await kill()
        try damage(page: 21)
        let before = files
        var tuning = SQLiteTuning()
        tuning.checkedAtStart = 0
        tuning.initialLogBytes = 0
        let database = try await SQLiteDatabase.open(path: path, tuning: tuning)
        let error = try await #require(throws: SQLError.self) {
            if writes {
                try await database.write { _ = try $0.execute("UPDATE t SET v = 'x' WHERE v LIKE 'y%'") }
            } else {
                _ = try await database.read { try $0.rows("SELECT SUM(LENGTH(v)) FROM t") }
            }
        }
        await database.close()
        guard case .corrupt(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(writes || message.hasPrefix(path))
        #expect(files == before)
    }

    @Test func `a file that has become empty where a server has run is no new installation`() async throws {
        try await kill()
        #expect(try await count() == 210)
        #expect(try SQLiteDatabase.wouldBeMade(at: path) == false)
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        try Data().write(to: URL(filePath: path))
        try await expectCorrupt("empty")
        #expect(throws: SQLError.self) { try SQLiteDatabase.wouldBeMade(at: path) }
        // What the message says.
        try FileManager.default.removeItem(atPath: path)
        #expect(try SQLiteDatabase.wouldBeMade(at: path))
        await (try SQLiteDatabase.open(path: path)).close()
    }

    @Test func `after a stop a backup that is put in its place by hand is not overruled by a log`() async throws {
        let database = try await SQLiteDatabase.open(path: path)
        try await database.write { _ = try $0.execute("CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT") }
        _ = try await database.backup(to: folder.path + "/old.db")
        try await database.write { _ = try $0.execute("INSERT INTO t VALUES (1)") }
        await database.close()
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: folder.path + "/old.db", toPath: path)
        #expect(try await count() == 0)
    }

    @Test(arguments: [".lock", "-wal", "-shm", "-journal", ".restoring", ".new"])
    func `a database's own files are no place for a backup`(_ suffix: String) async throws {
        let database = try await SQLiteDatabase.open(path: path)
        let other = folder.path + "/other.db" + suffix
        #expect(FileManager.default.createFile(atPath: other, contents: nil))
        await #expect(throws: SQLError.self) { _ = try await database.backup(to: other) }
        #expect(try Data(contentsOf: URL(filePath: other)).isEmpty)
        await #expect(throws: SQLError.self) { _ = try await database.backup(to: path + suffix) }
        // The lock is held still.
        await #expect(throws: SQLError.inUse(path: path)) { _ = try await SQLiteDatabase.open(path: path) }
        await database.close()
    }
}
