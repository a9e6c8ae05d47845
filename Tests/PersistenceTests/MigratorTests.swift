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

    private func expectNames(_ names: [String], _ body: () async throws -> [String]) async throws {
        let given = try await body()
        #expect(given == names)
    }

    @Test(arguments: DatabaseEngine.available)
    func `steps are taken once, in order, from any earlier schema`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine) { database in
            try await expectNames(["001-a"]) { try await Migrator([first]).migrate(database) }
            try await expectNames(["002-b"]) { try await Migrator([first, second]).pending(database) }
            try await expectNames(["002-b"]) { try await Migrator([first, second]).migrate(database) }
            try await expectNames([]) { try await Migrator([first, second]).migrate(database) }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a step that fails leaves nothing and names itself`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine) { database in
            let error = await #expect(throws: SQLError.self) {
                try await Migrator([first, broken]).migrate(database)
            }
            #expect("\(try #require(error))".contains("002-broken"))
            _ = try await database.read { try $0.rows("SELECT x FROM a") }
            await #expect(throws: SQLError.self) { _ = try await database.read { try $0.rows("SELECT x FROM half") } }
            try await expectNames(["002-b"]) { try await Migrator([first, second]).migrate(database) }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a database of a newer server is refused and the unknown steps named`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, [first, second]) { database in
            let error = await #expect(throws: SQLError.self) { try await Migrator([first]).migrate(database) }
            guard case .newerSchema(let place, ["002-b"]) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let known = (database as? SQLiteDatabase)?.path ?? (database as? PostgresDatabase)?.place
            #expect(place == known && known != nil)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `from every earlier schema the newest is reached`(_ engine: DatabaseEngine) async throws {
        let steps = [first, second] + [Migration("003-c") { try $0.execute("ALTER TABLE a ADD COLUMN y TEXT") }]
        var seen: [Int] = []
        try await withEveryEarlierSchema(
            engine, steps, fill: { _, taken in seen.append(taken) },
            check: { database, _ in _ = try await database.read { try $0.rows("SELECT x, y FROM a") } })
        #expect(seen == [0, 1, 2, 3])
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `of many nodes one takes each step`() async throws {
        let steps = (0..<8).map { number in
            Migration("00\(number)") { try $0.execute("CREATE TABLE t\(raw: "\(number)") (x INTEGER) STRICT") }
        }
        try await withTemporaryPlace(.postgres) { place in
            let taken = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let node = try await Databases.open(place)
                        let names = try await Migrator(steps).migrate(node)
                        await node.close()
                        return names
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.sorted() == steps.map(\.name))
        }
    }
}
