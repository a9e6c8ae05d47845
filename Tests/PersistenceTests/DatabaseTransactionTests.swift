import Persistence
import TestSupport
import Testing

/// What a transaction promises, on every engine.
@Suite struct DatabaseTransactionTests {
    private struct Refusal: Error, Equatable { var number = 0 }

    private static let table = Migration("t") { transaction in
        try transaction.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT")
    }

    private func withTable(_ engine: DatabaseEngine, _ body: (any SQLDatabase) async throws -> Void) async throws {
        try await withTemporaryDatabase(engine, [Self.table], body)
    }

    private func expectCount(_ count: Int, _ database: any SQLDatabase) async throws {
        let found = try await database.read { try $0.row("SELECT COUNT(*) AS n FROM t")?.get("n", as: Int.self) }
        #expect(found == count)
    }

    @Test(arguments: DatabaseEngine.available)
    func `what throws leaves nothing behind`(_ engine: DatabaseEngine) async throws {
        try await withTable(engine) { database in
            await #expect(throws: Refusal.self) {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO t (k) VALUES ('gone')")
                    throw Refusal()
                }
            }
            try await expectCount(0, database)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a statement that failed ends its transaction, even when the body passes over it`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTable(engine) { database in
            let error = await #expect(throws: SQLError.self) {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO t (k) VALUES ('a')")
                    _ = try? transaction.execute("INSERT INTO t (k) VALUES ('a')")
                    _ = try? transaction.execute("INSERT INTO t (k) VALUES ('b')")
                }
            }
            guard case .constraint(.unique, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await expectCount(0, database)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `reading is reading alone`(_ engine: DatabaseEngine) async throws {
        try await withTable(engine) { database in
            let error = await #expect(throws: SQLError.self) {
                _ = try await database.read { try $0.execute("INSERT INTO t (k) VALUES ('x')") }
            }
            guard case .readOnly = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try await expectCount(0, database)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a statement tells how many rows it changed`(_ engine: DatabaseEngine) async throws {
        try await withTable(engine) { database in
            let counts = try await database.write { transaction in
                [
                    try transaction.execute("INSERT INTO t (k, v) VALUES ('a', 1), ('b', 2), ('c', 3)"),
                    try transaction.execute("INSERT INTO t (k, v) VALUES ('a', 9) ON CONFLICT DO NOTHING"),
                    try transaction.execute("INSERT INTO t (k, v) VALUES ('a', 4) ON CONFLICT (k) DO UPDATE SET v = 4"),
                    try transaction.execute("UPDATE t SET v = v + 1 WHERE v > \(2)"),
                    try transaction.execute("UPDATE t SET v = 0 WHERE k = 'none'"),
                    try transaction.execute("SELECT * FROM t"),
                    try transaction.execute("DELETE FROM t"),
                    try transaction.execute("CREATE TABLE other (x INTEGER) STRICT"),
                ]
            }
            #expect(counts == [3, 0, 1, 3 - 1, 0, 0, 3, 0])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `rows that go because others went are not counted`(_ engine: DatabaseEngine) async throws {
        let tables = Migration("family") { transaction in
            try transaction.execute("CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT")
            try transaction.execute(
                "CREATE TABLE children (parent INTEGER REFERENCES parents (id) ON DELETE CASCADE) STRICT")
        }
        try await withTemporaryDatabase(engine, [tables]) { database in
            let counts = try await database.write { transaction in
                try transaction.execute("INSERT INTO parents (id) VALUES (1), (2)")
                try transaction.execute("INSERT INTO children (parent) VALUES (1), (1), (2)")
                return [
                    try transaction.execute("DELETE FROM parents WHERE id = 1"),
                    try transaction.execute("DELETE FROM parents WHERE id = 1"),
                    try transaction.execute("DELETE FROM parents WHERE id = 2"),
                ]
            }
            #expect(counts == [1, 0, 1])
        }
    }

    static let constraints: [(SQL, SQLError.Constraint)] = [
        ("INSERT INTO c VALUES ('u', 'n', 1, NULL)", .unique),
        ("INSERT INTO c VALUES ('v', NULL, 1, NULL)", .notNull),
        ("INSERT INTO c VALUES ('v', 'n', 0, NULL)", .check),
        ("INSERT INTO c VALUES ('v', 'n', 1, 7)", .foreignKey),
        ("INSERT INTO p (id) VALUES (1)", .unique),
    ]

    @Test(arguments: DatabaseEngine.available)
    func `constraints are told apart`(_ engine: DatabaseEngine) async throws {
        let tables = Migration("c") { transaction in
            try transaction.execute("CREATE TABLE p (id INTEGER PRIMARY KEY) STRICT")
            try transaction.execute(
                """
                CREATE TABLE c (u TEXT UNIQUE, n TEXT NOT NULL, k INTEGER CHECK (k > 0), p INTEGER REFERENCES p (id))
                STRICT
                """)
            try transaction.execute("INSERT INTO c VALUES ('u', 'n', 1, NULL)")
            try transaction.execute("INSERT INTO p (id) VALUES (1)")
        }
        try await withTemporaryDatabase(engine, [tables]) { database in
            for (statement, expected) in Self.constraints {
                let error = await #expect(throws: SQLError.self) {
                    _ = try await database.write { try $0.execute(statement) }
                }
                guard case .constraint(let kind, _) = error else {
                    Issue.record("\(expected): \(String(describing: error))")
                    continue
                }
                #expect(kind == expected)
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a key counts up by itself, and may be given`(_ engine: DatabaseEngine) async throws {
        let table = Migration("n") { try $0.execute("CREATE TABLE n (id INTEGER PRIMARY KEY, x TEXT NOT NULL) STRICT") }
        try await withTemporaryDatabase(engine, [table]) { database in
            let ids = try await database.write { transaction in
                try (0..<3).map { number in
                    try transaction.row("INSERT INTO n (x) VALUES (\("\(number)")) RETURNING id")?.get(
                        "id", as: Int.self)
                }
            }
            #expect(ids == [1, 2, 3])
            let given = try await database.write { transaction in
                try transaction.row("INSERT INTO n (id, x) VALUES (\(70), 'given') RETURNING id")?.get("id") ?? 0
            }
            #expect(given == 70)
        }
    }

    // MARK: - Many at once

    /// Every way to fail, among many that do not.
    @Test(arguments: DatabaseEngine.available)
    func `concurrent writers share commits, and each fails alone`(_ engine: DatabaseEngine) async throws {
        try await withTable(engine) { database in
            _ = try await database.write { try $0.execute("INSERT INTO t (k) VALUES ('taken')") }
            let outcomes = Collected<(number: Int, outcome: String)>()
            await withTaskGroup { group in
                for number in 0..<400 {
                    group.addTask {
                        outcomes.add((number, await Self.attempt(database, number)))
                    }
                }
            }
            #expect(outcomes.all.count == 400)
            for (number, outcome) in outcomes.all {
                let expected = number % 20 == 5 ? "unique" : [3, 7].contains(number % 10) ? "refused" : "done"
                #expect(outcome == expected, "\(number)")
            }
            try await expectCount(1 + 400 - 80 - 20, database)
        }
    }

    private static func attempt(_ database: any SQLDatabase, _ number: Int) async -> String {
        do {
            try await database.write { transaction in
                if number % 10 == 7 { throw Refusal(number: number) }
                try transaction.execute("INSERT INTO t (k, v) VALUES (\("k\(number)"), \(number))")
                if number % 10 == 3 { throw Refusal(number: number) }
                if number % 20 == 5 { _ = try? transaction.execute("INSERT INTO t (k) VALUES ('taken')") }
            }
            return "done"
        } catch let error as Refusal {
            return error.number == number ? "refused" : "another's refusal"
        } catch SQLError.constraint(.unique, _) { return "unique" } catch { return "\(error)" }
    }

    @Test(arguments: DatabaseEngine.available)
    func `concurrent increments lose nothing`(_ engine: DatabaseEngine) async throws {
        try await withTable(engine) { database in
            _ = try await database.write { try $0.execute("INSERT INTO t (k, v) VALUES ('n', 0)") }
            try await withThrowingTaskGroup { group in
                for _ in 0..<200 { group.addTask { try await Self.increment(database) } }
                try await group.waitForAll()
            }
            let value = try await database.read { try $0.row("SELECT v FROM t")?.get("v", as: Int.self) }
            #expect(value == 200)
        }
    }

    /// Reads, then writes: what a lost update is made of.
    private static func increment(_ database: any SQLDatabase) async throws {
        try await database.write { transaction in
            let value: Int64 = try transaction.row("SELECT v FROM t WHERE k = 'n'")?.get("v") ?? 0
            try transaction.execute("UPDATE t SET v = \(value + 1) WHERE k = 'n'")
        }
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `increments from several nodes lose nothing`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            let nodes = [
                try await Databases.open(place), try await Databases.open(place), try await Databases.open(place),
            ]
            try await Migrator([Self.table]).migrate(nodes[0])
            _ = try await nodes[0].write { try $0.execute("INSERT INTO t (k, v) VALUES ('n', 0)") }
            try await withThrowingTaskGroup { group in
                for number in 0..<150 { group.addTask { try await Self.increment(nodes[number % 3]) } }
                try await group.waitForAll()
            }
            let value = try await nodes[1].read { try $0.row("SELECT v FROM t")?.get("v", as: Int.self) }
            #expect(value == 150)
            for node in nodes { await node.close() }
        }
    }

    /// Two that each read what the other writes: one of them must see the other's.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, "\(DatabaseEngine.postgresAbsence)"))
    func `no write skew between nodes`() async throws {
        try await withTemporaryPlace(.postgres) { place in
            let nodes = [try await Databases.open(place), try await Databases.open(place)]
            try await Migrator([Self.table]).migrate(nodes[0])
            for round in 0..<10 {
                try await withThrowingTaskGroup { group in
                    for (index, node) in nodes.enumerated() {
                        group.addTask {
                            try await node.write { transaction in
                                let seen: Int =
                                    try transaction.row("SELECT COUNT(*) AS n FROM t WHERE v = \(round)")?.get("n") ?? 0
                                guard seen == 0 else { return }
                                try transaction.execute(
                                    "INSERT INTO t (k, v) VALUES (\("\(round)-\(index)"), \(round))")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await expectCount(10, nodes[0])
            for node in nodes { await node.close() }
        }
    }

    // MARK: - The end

    @Test(arguments: DatabaseEngine.available)
    func `after the close everything acknowledged is there, and nothing more is taken`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryPlace(engine) { place in
            let database = try await Databases.open(place)
            try await Migrator([Self.table]).migrate(database)
            async let writes: Void = withThrowingTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        _ = try await database.write { try $0.execute("INSERT INTO t (k) VALUES (\("\(number)"))") }
                    }
                }
                try await group.waitForAll()
            }
            try await writes
            await database.close()
            await #expect(throws: SQLError.closed) {
                _ = try await database.write { try $0.execute("DELETE FROM t") }
            }
            await database.close()
            let again = try await Databases.open(place)
            try await expectCount(50, again)
            await again.close()
        }
    }
}
