import Foundation
import TestSupport
import Testing

@testable import Persistence

/// A database's files deleted, moved or exchanged under the server that has them open.
@Suite struct LostFileTests {
    enum Loss: String, CaseIterable {
        case file = "server.db"
        case log = "server.db-wal"
        case index = "server.db-shm"
        case lock = "server.db.lock"
    }

    private let folder: TemporaryFolder
    private var path: String { data + "/server.db" }
    private var data: String { folder.path + "/data" }

    init() throws { folder = try TemporaryFolder() }

    private func open() async throws -> SQLiteDatabase {
        let database = try await SQLiteDatabase.open(path: path)
        _ = try await database.write { try $0.execute("CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT") }
        return database
    }

    private func insert(_ key: Int, _ database: SQLiteDatabase) async throws {
        _ = try await database.write { try $0.execute("INSERT INTO t VALUES (\(key))") }
    }

    private func keys(_ database: SQLiteDatabase) async throws -> [Int] {
        try await database.read { try $0.rows("SELECT k FROM t ORDER BY k").map { try $0.get(0, as: Int.self) } }
    }

    private func lost(_ why: String) -> SQLError { .fileLost(why + " while the server has it open") }

    @Test(arguments: Loss.allCases)
    func `a file that was deleted is named, and the commit that finds out is not acknowledged`(
        _ loss: Loss
    )
        async throws
    {
        let database = try await open()
        try await insert(1, database)
        #expect(database.lostFile() == nil)
        try FileManager.default.removeItem(atPath: "\(data)/\(loss.rawValue)")
        let error = lost("\(data)/\(loss.rawValue) was deleted or moved")
        // Nobody knows whether somebody finds the file again.
        await #expect(throws: SQLError.outcomeUnknown("\(error)")) { try await insert(2, database) }
        await #expect(throws: error) { try await insert(3, database) }
        // Another connection could have another file before it.
        await #expect(throws: error) { _ = try await keys(database) }
        #expect(database.lostFile() == error)
        await database.close()
    }

    @Test func `without a log of that name all that was acknowledged is in the file after a stop`() async throws {
        let database = try await open()
        for key in 0..<10 { try await insert(key, database) }
        try FileManager.default.removeItem(atPath: path + "-wal")
        await #expect(throws: SQLError.self) { try await insert(10, database) }
        await database.close()
        let again = try await SQLiteDatabase.open(path: path)
        #expect(try await keys(again) == Array(0...10))
        await again.close()
    }

    @Test func `a folder that is moved away and back is the same again, with all that was acknowledged`() async throws {
        let database = try await open()
        try await insert(1, database)
        try FileManager.default.moveItem(atPath: data, toPath: folder.path + "/elsewhere")
        let error = lost("\(path) was deleted or moved")
        #expect(database.lostFile() == error)
        await #expect(throws: error) { try await insert(2, database) }
        try FileManager.default.moveItem(atPath: folder.path + "/elsewhere", toPath: data)
        try await insert(3, database)
        #expect(try await keys(database) == [1, 3])
        await database.close()
    }

    @Test func `another file under the name is never taken for ours`() async throws {
        let database = try await open()
        try await insert(1, database)
        let other = folder.path + "/other.db"
        _ = try await database.backup(to: other)
        try await insert(2, database)
        #expect(rename(other, path) == 0)
        let error = lost("\(path) was replaced by another file")
        #expect(database.lostFile() == error)
        await #expect(throws: error) { try await insert(3, database) }
        await #expect(throws: error) { _ = try await keys(database) }
        await database.close()
        // What was put there is as it was: no log of the one before is played into it.
        let again = try await SQLiteDatabase.open(path: path)
        #expect(try await keys(again) == [1])
        await again.close()
    }

    @Test func `a copy written over the file is noticed, and the log is not moved into it`() async throws {
        let database = try await open()
        try await insert(1, database)
        let backup = folder.path + "/backup.db"
        _ = try await database.backup(to: backup)
        try await insert(2, database)
        let bytes = try Data(contentsOf: URL(filePath: backup))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: bytes)
        try file.close()
        let error = lost("\(path) was written to by another program")
        await #expect(throws: SQLError.outcomeUnknown("\(error)")) { try await insert(3, database) }
        await #expect(throws: error) { try await insert(4, database) }
        await database.close()
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        // Which of the two is wanted nobody here knows: the log has what was acknowledged, the file is what somebody put there.
        for _ in 0..<2 {
            for open in [
                { try await SQLiteDatabase.open(path: path) }, { try await SQLiteDatabase.openReadOnly(path: path) },
            ] {
                let error = await #expect(throws: SQLError.self) { _ = try await open() }
                guard case .corrupt(let message)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(message.contains("\(path)-wal is of what was there before") && !message.contains("\n"))
            }
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        // As a process finds them that begins now; this one still has the log's index.
        let elsewhere = folder.path + "/elsewhere.db"
        for suffix in ["", "-wal", ".doubtful-log"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: elsewhere + suffix)
        }
        try FileManager.default.moveItem(atPath: elsewhere + "-wal", toPath: elsewhere + ".log")
        let again = try await SQLiteDatabase.open(path: elsewhere)
        #expect(try await keys(again) == [1])
        await again.close()
        #expect(!FileManager.default.fileExists(atPath: elsewhere + ".doubtful-log"))
    }

    @Test func `a file that is put back takes the doubt of its log with it`() async throws {
        let database = try await open()
        try await insert(1, database)
        let aside = folder.path + "/aside.db"
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        try Data("somebody's".utf8).write(to: URL(filePath: path))
        #expect(database.lostFile() == lost("\(path) was replaced by another file"))
        #expect(FileManager.default.fileExists(atPath: path + ".doubtful-log"))
        #expect(rename(aside, path) == 0)
        #expect(database.lostFile() == nil)
        #expect(!FileManager.default.fileExists(atPath: path + ".doubtful-log"))
        try await insert(2, database)
        await database.close()
        let again = try await SQLiteDatabase.open(path: path)
        #expect(try await keys(again) == [1, 2])
        await again.close()
    }

    @Test func `what the server itself moves into the file is no loss`() async throws {
        let database = try await SQLiteDatabase.open(
            path: path, tuning: SQLiteTuning(commitsPerCheckpoint: 2, maximumLogBytes: 1 << 16))
        _ = try await database.write { try $0.execute("CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT") }
        let before = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        for key in 0..<2_000 {
            _ = try await database.writeWithoutSync { try $0.execute("INSERT INTO t VALUES (\(key))") }
        }
        #expect(database.lostFile() == nil)
        #expect(try await keys(database).count == 2_000)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int != before)
        await database.close()
    }
}
