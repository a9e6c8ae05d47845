import Persistence
import TestSupport
import Testing

/// Statements whose answer is not waited for, on every engine.
@Suite struct LaterStatementTests {
    private static let table = Migration("t") { transaction in
        try transaction.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT")
    }

    private func withTable(_ engine: DatabaseEngine, _ body: (any SQLDatabase) async throws -> Void) async throws {
        try await withTemporaryDatabase(engine, [Self.table], body)
    }

    /// Twenty at once, each its own transaction of one statement that changes one row.
    private func refusedOfTwenty(
        _ database: any SQLDatabase, _ put: @escaping @Sendable (any SQLTransaction, Int) throws -> LaterChanges
    ) async -> [Int] {
        await withTaskGroup(of: Int?.self, returning: [Int].self) { group in
            for number in 0..<20 {
                group.addTask {
                    do {
                        let changes = try await database.write { try put($0, number) }
                        #expect(changes.count == 1)
                        return nil
                    } catch { return number }
                }
            }
            return await group.reduce(into: []) { if let number = $1 { $0.append(number) } }
        }
    }

    private func expectKeys(_ expected: [String], _ database: any SQLDatabase) async throws {
        let found = try await database.read { transaction in
            try transaction.rows("SELECT k FROM t ORDER BY k").map { try $0.get("k", as: String.self) }
        }
        #expect(found == expected)
    }

    @Test(arguments: DatabaseEngine.available)
    func `they tell after the commit how many rows they changed, and happen in their order`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTable(engine) { database in
            let (later, seen) = try await database.write { transaction in
                var later: [LaterChanges] = []
                for number in 0..<600 {
                    later.append(
                        try transaction.executeLater("INSERT INTO t (k, v) VALUES (\("k\(number)"), \(number))"))
                }
                later.append(try transaction.executeLater("UPDATE t SET v = v + 1 WHERE v >= \(598)"))
                let seen = try transaction.row("SELECT SUM(v) AS n FROM t")?.get("n", as: Int.self)
                later.append(try transaction.executeLater("DELETE FROM t WHERE v = \(7_000)"))
                return (later, seen)
            }
            #expect(seen == 600 * 599 / 2 + 2, "what comes after sees them")
            #expect(later.map(\.count) == Array(repeating: 1, count: 600) + [2, 0])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that fails is its caller's failure, at the next statement or at the commit`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTable(engine) { database in
            for reads in [false, true] {
                let error = await #expect(throws: SQLError.self) {
                    _ = try await database.write { transaction in
                        try transaction.executeLater("INSERT INTO t (k) VALUES ('a')")
                        try transaction.executeLater("INSERT INTO t (k) VALUES ('a')")
                        try transaction.executeLater("INSERT INTO t (k) VALUES ('b')")
                        if reads { _ = try transaction.rows("SELECT k FROM t") }
                    }
                }
                guard case .constraint(.unique, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            try await expectKeys([], database)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `those who share its commit do not notice`(_ engine: DatabaseEngine) async throws {
        try await withTable(engine) { database in
            _ = try await database.write { try $0.execute("INSERT INTO t (k) VALUES ('k3')") }
            let refused = await refusedOfTwenty(database) { transaction, number in
                try transaction.executeLater("INSERT INTO t (k) VALUES (\("k\(number)"))")
            }
            #expect(refused == [3])
            try await expectKeys((0..<20).map { "k\($0)" }.sorted(), database)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a body that throws takes back what it sent, good or bad`(_ engine: DatabaseEngine) async throws {
        struct Refusal: Error {}
        try await withTable(engine) { database in
            for key in ["a", "b"] {
                // An engine that does not send ahead says so at once.
                await #expect(throws: (any Error).self) {
                    _ = try await database.write { transaction in
                        try transaction.executeLater("INSERT INTO t (k) VALUES ('a')")
                        try transaction.executeLater("INSERT INTO t (k) VALUES (\(key))")
                        throw Refusal()
                    }
                }
            }
            try await expectKeys([], database)
            _ = try await database.write { try $0.executeLater("INSERT INTO t (k) VALUES ('c')") }
            try await expectKeys(["c"], database)
        }
    }

    // MARK: - Many made one

    private static let put = SQLStatement(
        "INSERT INTO t (k, v) VALUES (?, ?)",
        gathered: GatheredStatement(
            "INSERT INTO t (k, v) SELECT * FROM unnest($1::TEXT[], $2::BIGINT[])", [.text, .integer]))
    private static let raise = SQLStatement(
        "UPDATE t SET v = v + ? WHERE k = ? AND v < 1000",
        gathered: GatheredStatement(
            """
            UPDATE t SET v = v + by FROM unnest($1::BIGINT[], $2::TEXT[]) WITH ORDINALITY AS row (by, key, number)
            WHERE k = key AND v < 1000 RETURNING number
            """, [.integer, .text]))

    @Test(arguments: DatabaseEngine.available)
    func `gathered, each row's values arrive as they are, and each is told what it changed`(
        _ engine: DatabaseEngine
    ) async throws {
        // Quotes, braces, an empty text, the word NULL, letters of two and four bytes.
        let keys = ["", "NULL", "{a,b}", #""q" \\ 'r'"#, "ü", "𝔘", "a\nb"]
        try await withTable(engine) { database in
            let (puts, raises, seen) = try await database.write { transaction in
                var (puts, raises): ([LaterChanges], [LaterChanges]) = ([], [])
                for (number, key) in keys.enumerated() {
                    let value: SQLValue = number == 1 ? .null : .integer(number == 2 ? .min : Int64(number))
                    puts.append(try transaction.executeLater(SQL(Self.put, [.text(key), value])))
                }
                for number in 0..<600 {
                    puts.append(
                        try transaction.executeLater(SQL(Self.put, [.text("k\(number)"), .integer(Int64(number) * 2)])))
                }
                // A reader comes after them.
                let seen = try transaction.row("SELECT COUNT(*) AS n FROM t")?.get("n", as: Int.self)
                for number in 0..<600 {
                    raises.append(
                        try transaction.executeLater(SQL(Self.raise, [.integer(1), .text("k\(number)")])))
                }
                raises.append(try transaction.executeLater(SQL(Self.raise, [.integer(1), .text("nobody")])))
                return (puts, raises, seen)
            }
            #expect(seen == 607)
            #expect(puts.map(\.count) == Array(repeating: 1, count: 607))
            #expect(raises.map(\.count) == (0..<601).map { $0 < 500 ? 1 : 0 })
            let rows = try await database.read { transaction in
                try transaction.rows("SELECT k, v FROM t").map {
                    (try $0.get(0, as: String.self), try $0.get(1, as: Int64?.self))
                }
            }
            let stored = Dictionary(rows, uniquingKeysWith: { first, _ in first })
            for (number, key) in keys.enumerated() {
                #expect(stored[key] == .some(number == 1 ? nil : number == 2 ? .min : Int64(number)), "\(key)")
            }
            for number in 0..<600 { #expect(stored["k\(number)"] == Int64(number < 500 ? number * 2 + 1 : number * 2)) }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `gathered with others' rows, one that is refused is its caller's alone`(_ engine: DatabaseEngine) async throws
    {
        try await withTable(engine) { database in
            _ = try await database.write { try $0.execute("INSERT INTO t (k) VALUES ('k3')") }
            let refused = await refusedOfTwenty(database) { transaction, number in
                try transaction.executeLater(SQL(Self.put, [.text("k\(number)"), .integer(1)]))
            }
            #expect(refused == [3])
            try await expectKeys((0..<20).map { "k\($0)" }.sorted(), database)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `gathered and taken back, nothing of it is there`(_ engine: DatabaseEngine) async throws {
        struct Refusal: Error {}
        try await withTable(engine) { database in
            await #expect(throws: Refusal.self) {
                _ = try await database.write { transaction in
                    for number in 0..<300 {
                        try transaction.executeLater(SQL(Self.put, [.text("k\(number)"), .null]))
                    }
                    throw Refusal()
                }
            }
            try await expectKeys([], database)
            _ = try await database.write { try $0.executeLater(SQL(Self.put, [.text("c"), .null])) }
            try await expectKeys(["c"], database)
        }
    }
}
