import Foundation
import TestSupport
import Testing

@testable import Persistence

@Suite struct SQLiteDatabaseTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/server.db" }

    init() throws { folder = try TemporaryFolder() }

    private func open() async throws -> SQLiteDatabase {
        let database = try await SQLiteDatabase.open(path: path)
        _ = try await database.write {
            try $0.execute("CREATE TABLE IF NOT EXISTS t (k TEXT PRIMARY KEY, v ANY) STRICT")
        }
        return database
    }

    // MARK: - One file

    @Test func `after a stop everything is in the one file`() async throws {
        let database = try await SQLiteDatabase.open(path: path, tuning: .server)
        _ = try await database.write { try $0.execute("CREATE TABLE t (k INTEGER PRIMARY KEY) STRICT") }
        for number in 0..<20 { _ = try await database.write { try $0.execute("INSERT INTO t VALUES (\(number))") } }
        // Somebody has read, so that a connection that only reads is closed last.
        #expect(try await count(database) == 20)
        await database.close()
        let copy = folder.path + "/copy.db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let copied = try await SQLiteDatabase.open(path: copy)
        #expect(try await count(copied) == 20)
        await copied.close()
    }

    @Test func `the log takes no room that a nearly full disk needs`() async throws {
        let log = try folder.write("log", to: "x-wal")
        var disk = statvfs()
        #expect(statvfs(folder.path, &disk) == 0)
        let free = Int64(disk.f_bavail) * Int64(disk.f_frsize)
        try LogFile(path: log).extend(to: free / 3)
        #expect(try Data(contentsOf: URL(filePath: log)).count == 3)
        try LogFile(path: log).extend(to: 4_096)
        #expect(try Data(contentsOf: URL(filePath: log)).count == 4_096)
    }

    @Test func `a damaged page of a file that is too large to be looked at before the start is found all the same`()
        async throws
    {
        let database = try await open()
        let text = String(repeating: "x", count: 3_000)
        _ = try await database.write { transaction in
            for number in 0..<50 { try transaction.execute("INSERT INTO t VALUES (\("k\(number)"), \(text))") }
        }
        await database.close()
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seek(toOffset: 4_096 * 20)
        try file.write(contentsOf: Data(repeating: 0xA5, count: 4_096))
        try file.close()
        let refused = await #expect(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: path) }
        #expect("\(try #require(refused))".contains(path))
        let large = try await SQLiteDatabase.open(path: path, tuning: SQLiteTuning(checkedAtStart: 4_096))
        let found = await #expect(throws: SQLError.self) { try await large.checkPages() }
        guard case .corrupt(let message)? = found else {
            Issue.record("\(String(describing: found))")
            return
        }
        #expect(message.contains(path))
        await large.close()
    }

    // MARK: - Whose file it is

    @Test(arguments: [
        (
            "plain text",
            "this is no database, it is a text of more than one hundred bytes, so that its header is whole, yes",
            "no SQLite"
        ),
        ("short", "short", "no SQLite"),
    ])
    func `a file that is no database is refused untouched`(_ name: String, _ text: String, _ found: String) async throws
    {
        let file = try folder.write(text, to: name)
        let error = await #expect(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: file) }
        #expect("\(try #require(error))".contains(found))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
    }

    @Test func `the original's database at the same path is refused untouched and named`() async throws {
        let file = folder.path + "/mr_market.db"
        try runSQLite(file, "CREATE TABLE strategy_instances (id integer); INSERT INTO strategy_instances VALUES (1)")
        let before = try Data(contentsOf: URL(filePath: file))
        let error = await #expect(throws: SQLError.self) { _ = try await SQLiteDatabase.open(path: file) }
        #expect("\(try #require(error))".contains("the original Mr.Market server"))
        #expect("\(try #require(error))".contains(file))
        #expect(try Data(contentsOf: URL(filePath: file)) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["mr_market.db"])
    }

    @Test func `a second server on the same file is refused, a look is not`() async throws {
        let first = try await open()
        _ = try await first.write { try $0.execute("INSERT INTO t (k) VALUES ('x')") }
        await #expect(throws: SQLError.inUse(path: path)) { _ = try await SQLiteDatabase.open(path: path) }
        let look = try await SQLiteDatabase.openReadOnly(path: path)
        #expect(try await count(look) == 1)
        await #expect(throws: SQLError.self) {
            _ = try await look.write { try $0.execute("DELETE FROM t") }
        }
        await look.close()
        await first.close()
    }

    @Test func `a new file is its owner's alone`() async throws {
        let database = try await open()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        await database.close()
    }

    // MARK: - Another process's locks

    /// As a backup program or a shell of `sqlite3` beside the server would.
    @Test func `a writer waits for whoever holds the file's lock, instead of failing (D54, H54)`() async throws {
        func timeout(_ database: SQLiteDatabase) async throws -> Int? {
            try await database.write { try $0.row("PRAGMA busy_timeout")?.get(0, as: Int.self) }
        }
        let usual = try await open()
        #expect(try await timeout(usual) == 5_000)
        await usual.close()
        // For as long as a slow machine takes.
        let database = try await SQLiteDatabase.open(path: path, tuning: SQLiteTuning(busyTimeout: 600_000))
        #expect(try await timeout(database) == 600_000)
        let (holder, words) = (Process(), Pipe())
        holder.executableURL = URL(filePath: "/usr/bin/env")
        holder.arguments = [
            "python3", "-c",
            """
            import sqlite3, sys
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            c.execute("BEGIN IMMEDIATE"); c.execute("INSERT INTO t (k) VALUES ('theirs')")
            print("held", flush=True); sys.stdin.readline(); c.execute("COMMIT")
            """, path,
        ]
        let hold = Pipe()
        (holder.standardOutput, holder.standardInput) = (words, hold)
        try holder.run()
        #expect(String(decoding: words.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("held"))
        // Begun while the lock is held: let go of only once this one has been seen at its BEGIN.
        let isTrying = Collected<Int>()
        async let written: Int = database.write { transaction in
            isTrying.add(1)
            return try transaction.execute("INSERT INTO t (k) VALUES ('ours')")
        }
        // A reader is kept from nothing, and by the time of so many looks the writer has long been at its BEGIN.
        for _ in 0..<100 { #expect(try await count(database) == 0) }
        #expect(isTrying.count == 0, "nobody can be inside: the lock is another's")
        try hold.fileHandleForWriting.write(contentsOf: Data("go on\n".utf8))
        #expect(try await written == 1)
        holder.waitUntilExit()
        #expect(try await count(database) == 2)
        await database.close()
    }

    // MARK: - Support

    private func count(_ database: SQLiteDatabase) async throws -> Int {
        try await database.read { try $0.row("SELECT COUNT(*) AS n FROM t")?.get("n") ?? -1 }
    }

    /// A database made by somebody else.
    private func runSQLite(_ file: String, _ statements: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()", file,
            statements,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
