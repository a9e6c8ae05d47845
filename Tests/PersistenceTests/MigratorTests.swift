import Persistence
import TestSupport
import Testing

@Suite struct MigratorTests {
    private let first = Migration("001-a") { try $0.execute("CREATE TABLE a (x INTEGER) STRICT") }
    private let second = Migration("002-b") { try $0.execute("CREATE TABLE b (x INTEGER) STRICT") }
    private let broken = Migration("002-broken") { transaction in
        try transaction.execute("CREATE TABLE half (x INTEGER) STRICT")
        try transaction.execute("CREATE NONSENSE")
    }

    private func withDatabase(_ body: (SQLiteDatabase) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(path: folder.path + "/m.db")
        try await body(database)
        await database.close()
    }

    private func expectNames(_ names: [String], _ body: () async throws -> [String]) async throws {
        let given = try await body()
        #expect(given == names)
    }

    @Test func `steps are taken once, in order, from any earlier schema`() async throws {
        try await withDatabase { database in
            try await expectNames(["001-a"]) { try await Migrator([first]).migrate(database) }
            try await expectNames(["002-b"]) { try await Migrator([first, second]).pending(database) }
            try await expectNames(["002-b"]) { try await Migrator([first, second]).migrate(database) }
            try await expectNames([]) { try await Migrator([first, second]).migrate(database) }
        }
    }

    @Test func `a step that fails leaves nothing and names itself`() async throws {
        try await withDatabase { database in
            let error = await #expect(throws: SQLError.self) {
                try await Migrator([first, broken]).migrate(database)
            }
            #expect("\(try #require(error))".contains("002-broken"))
            let tables = try await database.read { transaction in
                try transaction.rows("SELECT name FROM sqlite_master WHERE name IN ('a', 'half')").map {
                    try $0.get("name", as: String.self)
                }
            }
            #expect(tables == ["a"])
            try await expectNames(["002-b"]) { try await Migrator([first, second]).migrate(database) }
        }
    }

    @Test func `a database of a newer server is refused and the unknown steps named`() async throws {
        try await withDatabase { database in
            try await Migrator([first, second]).migrate(database)
            let error = await #expect(throws: SQLError.self) { try await Migrator([first]).migrate(database) }
            guard case .newerSchema(_, ["002-b"]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
