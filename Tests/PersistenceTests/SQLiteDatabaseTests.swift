import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

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

    // MARK: - Values

    @Test(arguments: [
        SQLValue.null, .integer(.min), .integer(.max), .real(0.1), .text(""), .text("a'b\"c;--"), .text("é\u{1F600}"),
        .blob([]), .blob([0, 255, 10]),
    ])
    func `a bound value comes back as it was`(_ value: SQLValue) async throws {
        let database = try await open()
        let back = try await database.write { transaction in
            try transaction.row("INSERT INTO t (k, v) VALUES ('x', \(value)) RETURNING v")?.get("v", as: SQLValue.self)
        }
        #expect(back == (value == .blob([]) ? .blob([]) : value))
        await database.close()
    }

    @Test(arguments: ["0", "0.000000000000000001", "-170141183460469231731.687303715884105727", "123.450"])
    func `a decimal keeps every digit`(_ text: String) async throws {
        let database = try await open()
        let decimal = try #require(FixedDecimal(text))
        let back = try await database.write { transaction in
            try transaction.row("INSERT INTO t (k, v) VALUES ('x', \(decimal)) RETURNING v")?
                .get("v", as: FixedDecimal.self)
        }
        #expect(back == decimal)
        await database.close()
    }

    @Test func `a column of another type, or none, is an error that names it`() async throws {
        let database = try await open()
        let row = try #require(try await database.read { try $0.row("SELECT 'text' AS a") })
        #expect(throws: SQLError.decoding(column: "a", value: "text(\"text\")")) {
            _ = try row.get("a", as: Int64.self)
        }
        #expect(throws: SQLError.decoding(column: "b", value: "no such column")) {
            _ = try row.get("b", as: Int64.self)
        }
        await database.close()
    }

    // MARK: - Transactions

    @Test func `what throws leaves nothing behind`() async throws {
        struct Refusal: Error {}
        let database = try await open()
        await #expect(throws: Refusal.self) {
            try await database.write { transaction in
                try transaction.execute("INSERT INTO t (k) VALUES ('gone')")
                throw Refusal()
            }
        }
        #expect(try await count(database) == 0)
        await database.close()
    }

    @Test func `a statement that failed ends its transaction, even when the body passes over it`() async throws {
        let database = try await open()
        await #expect(throws: SQLError.self) {
            try await database.write { transaction in
                try transaction.execute("INSERT INTO t (k) VALUES ('a')")
                _ = try? transaction.execute("INSERT INTO t (k) VALUES ('a')")
            }
        }
        #expect(try await count(database) == 0)
        await database.close()
    }

    @Test func `reading is reading alone`() async throws {
        let database = try await open()
        await #expect(throws: SQLError.self) {
            _ = try await database.read { try $0.execute("INSERT INTO t (k) VALUES ('x')") }
        }
        await database.close()
    }

    @Test func `constraints are told apart`() async throws {
        let database = try await open()
        try await database.write { transaction in
            try transaction.execute("CREATE TABLE p (id INTEGER PRIMARY KEY) STRICT")
            try transaction.execute(
                """
                CREATE TABLE c (u TEXT UNIQUE, n TEXT NOT NULL, k INTEGER CHECK (k > 0), p INTEGER REFERENCES p (id))
                STRICT
                """)
            try transaction.execute("INSERT INTO c VALUES ('u', 'n', 1, NULL)")
        }
        let cases: [(SQL, SQLError.Constraint)] = [
            ("INSERT INTO c VALUES ('u', 'n', 1, NULL)", .unique),
            ("INSERT INTO c VALUES ('v', NULL, 1, NULL)", .notNull),
            ("INSERT INTO c VALUES ('v', 'n', 0, NULL)", .check),
            ("INSERT INTO c VALUES ('v', 'n', 1, 7)", .foreignKey),
        ]
        for (statement, expected) in cases {
            let error = await #expect(throws: SQLError.self) {
                _ = try await database.write { try $0.execute(statement) }
            }
            guard case .constraint(let kind, _) = error else {
                Issue.record("\(expected): \(String(describing: error))")
                continue
            }
            #expect(kind == expected)
        }
        await database.close()
    }

    @Test func `concurrent writers share commits, and each fails alone`() async throws {
        struct Refusal: Error, Equatable { var number: Int }
        let database = try await open()
        let failures = Failures()
        await withTaskGroup { group in
            for number in 0..<400 {
                group.addTask {
                    do {
                        try await database.write { transaction in
                            try transaction.execute("INSERT INTO t (k, v) VALUES (\("k\(number)"), \(number))")
                            if number % 10 == 3 { throw Refusal(number: number) }
                        }
                    } catch let error as Refusal { failures.add(error.number) } catch {
                        Issue.record("\(error)")
                    }
                }
            }
        }
        #expect(failures.numbers.withLock { $0 } == Set((0..<400).filter { $0 % 10 == 3 }))
        #expect(try await count(database) == 360)
        await database.close()
    }

    @Test func `after the close everything acknowledged is there, and nothing more is taken`() async throws {
        let database = try await open()
        _ = try await database.write { try $0.execute("INSERT INTO t (k) VALUES ('kept')") }
        await database.close()
        await #expect(throws: SQLError.closed) {
            _ = try await database.write { try $0.execute("DELETE FROM t") }
        }
        let again = try await open()
        #expect(try await count(again) == 1)
        await again.close()
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

private final class Failures: Sendable {
    let numbers = Mutex<Set<Int>>([])
    func add(_ number: Int) { numbers.withLock { _ = $0.insert(number) } }
}
