import Foundation
import Persistence
import TestSupport
import Testing

/// A power cut during a checkpoint may leave noise in the sector of the header: the log has what stood there.
@Suite struct TornHeaderTests {
    /// A database with its log beside it, as a process leaves them that is killed between commit and checkpoint.
    private func killed(_ folder: TemporaryFolder, commits: Int = 3) async throws -> String {
        let database = try await SQLiteDatabase.open(path: folder.path + "/server.db")
        try await database.write { _ = try $0.execute("CREATE TABLE notes (number INTEGER NOT NULL) STRICT") }
        for number in 0..<commits {
            try await database.write { _ = try $0.execute("INSERT INTO notes (number) VALUES (\(number))") }
        }
        let path = folder.path + "/cut.db"
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: folder.path + "/server.db" + suffix, toPath: path + suffix)
        }
        await database.close()
        return path
    }

    private func overwrite(_ path: String, at offset: UInt64, _ bytes: some Sequence<UInt8>) throws {
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? handle.close() }
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
    }

    private var noise: [UInt8] { (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) } }

    /// Refused, and not a byte of it touched.
    private func expectRefusal(_ path: String) async throws {
        let before = ["", "-wal"].map { try? Data(contentsOf: URL(filePath: path + $0)) }
        await #expect(throws: SQLError.notOurDatabase(path: path, found: "no SQLite database at all")) {
            await (try SQLiteDatabase.open(path: path)).close()
        }
        #expect(["", "-wal"].map { try? Data(contentsOf: URL(filePath: path + $0)) } == before)
    }

    @Test(arguments: [0, 512, 4096] as [Int])
    func `a database whose header is noise, or all zeros, opens with everything that was acknowledged`(
        _ length: Int
    ) async throws {
        let folder = try TemporaryFolder()
        let path = try await killed(folder)
        try overwrite(path, at: 0, length == 0 ? Array(repeating: 0, count: 512) : Array((noise * 8)[..<length]))
        for _ in 0..<2 {
            let database = try await SQLiteDatabase.open(path: path)
            let numbers = try await database.read {
                try $0.rows("SELECT number FROM notes ORDER BY number").map { try $0.get(0, as: Int64.self) }
            }
            #expect(numbers == [0, 1, 2])
            await database.close()
        }
    }

    @Test func `without its log it is refused as it was`() async throws {
        let folder = try TemporaryFolder()
        let path = try await killed(folder)
        try overwrite(path, at: 0, noise)
        try FileManager.default.removeItem(atPath: path + "-wal")
        try await expectRefusal(path)
    }

    /// The frame of the first page, its checksum, the log's own header, the number that binds frames to it.
    @Test(arguments: [32 + 24, 32 + 16, 24, 16] as [UInt64])
    func `a log that does not add up proves nothing`(_ offset: UInt64) async throws {
        let folder = try TemporaryFolder()
        let path = try await killed(folder, commits: 0)
        try overwrite(path, at: 0, noise)
        try overwrite(path + "-wal", at: offset, [0xAA, 0x55])
        try await expectRefusal(path)
    }

    @Test func `the log of another program's database makes a broken file nobody's`() async throws {
        let folder = try TemporaryFolder()
        let path = try await killed(folder)
        let script = """
            import sqlite3, shutil, sys
            c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA journal_mode = WAL')
            c.execute('CREATE TABLE t (n)'); c.commit()
            shutil.copy(sys.argv[1] + '-wal', sys.argv[2] + '-wal')
            """
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = ["-c", script, folder.path + "/other.db", path]
        try python.run()
        python.waitUntilExit()
        try #require(python.terminationStatus == 0)
        try overwrite(path, at: 0, noise)
        try await expectRefusal(path)
    }
}

private func * (bytes: [UInt8], count: Int) -> [UInt8] { Array(repeatElement(bytes, count: count).joined()) }
