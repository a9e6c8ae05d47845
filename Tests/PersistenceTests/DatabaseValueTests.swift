import Persistence
import TestSupport
import Testing
import TradingCore

/// What goes into a column comes out of it, on every engine.
@Suite struct DatabaseValueTests {
    private let values = Migration("values") { transaction in
        try transaction.execute(
            "CREATE TABLE v (id INTEGER PRIMARY KEY, i INTEGER, r REAL, t TEXT, b BLOB) STRICT")
    }

    static let cases: [(column: String, value: SQLValue)] = [
        ("i", .integer(.min)), ("i", .integer(.max)), ("i", .integer(0)), ("i", .integer(-1)), ("i", .null),
        ("r", .real(0.1)), ("r", .real(.greatestFiniteMagnitude)), ("r", .real(.leastNonzeroMagnitude)),
        ("r", .real(-1.0 / 3)), ("r", .real(.infinity)), ("r", .null),
        ("t", .text("")), ("t", .text("a'b\"c;--$1?\\x")), ("t", .text("é\u{1F600}\u{301}\n\t")), ("t", .null),
        ("b", .blob([])), ("b", .blob([0, 255, 10, 92, 39])), ("b", .blob(Array(0...255))), ("b", .null),
    ]

    @Test(arguments: DatabaseEngine.available, cases)
    func `a bound value comes back as it was`(
        _ engine: DatabaseEngine, _ pair: (column: String, value: SQLValue)
    ) async throws {
        try await withTemporaryDatabase(engine, [values]) { database in
            let returned = try await database.write { transaction in
                try transaction.row(
                    "INSERT INTO v (\(raw: pair.column)) VALUES (\(pair.value)) RETURNING \(raw: pair.column) AS x")?
                    .get("x", as: SQLValue.self)
            }
            #expect(returned == pair.value)
            let read = try await database.read { transaction in
                try transaction.row("SELECT \(raw: pair.column) AS x FROM v")?.get("x", as: SQLValue.self)
            }
            #expect(read == pair.value)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `values of one statement may be of other types the next time`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, [values]) { database in
            let rows: [(Int64?, String?)] = [(1, "a"), (nil, "b"), (2, nil), (nil, nil), (3, "c")]
            try await database.write { transaction in
                for (i, t) in rows {
                    try transaction.execute("INSERT INTO v (i, t) VALUES (\(i.sqlValue), \(t.sqlValue))")
                }
            }
            let back = try await database.read { transaction in
                try transaction.rows("SELECT i, t FROM v ORDER BY id").map { row in
                    (try row.get("i", as: Int64?.self), try row.get("t", as: String?.self))
                }
            }
            #expect(back.elementsEqual(rows, by: ==))
        }
    }

    @Test(
        arguments: DatabaseEngine.available, ["0", "0.000000000000000001", "-170141183460469231731.687303715884105727"])
    func `a decimal keeps every digit (D57)`(_ engine: DatabaseEngine, _ text: String) async throws {
        let decimal = try #require(FixedDecimal(text))
        try await withTemporaryDatabase(engine, [values]) { database in
            let back = try await database.write { transaction in
                try transaction.row("INSERT INTO v (t) VALUES (\(decimal)) RETURNING t")?.get(
                    "t", as: FixedDecimal.self)
            }
            #expect(back == decimal)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `counts, sums, averages and comparisons are of the same type`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, [values]) { database in
            let row = try await database.write { transaction in
                for i in [1, 2, 4] { try transaction.execute("INSERT INTO v (i, t) VALUES (\(i), 'x')") }
                return try transaction.row(
                    """
                    SELECT COUNT(*) AS n, SUM(i) AS total, AVG(i) AS mean, MAX(i) > 3 AS has_more, MIN(t) AS t, MAX(i) / 3 AS part,
                        COALESCE(SUM(CASE WHEN i > \(1) THEN i END), 0) AS some, EXISTS (SELECT 1 FROM v) AS is_any
                    FROM v WHERE t = \("x")
                    """)
            }
            let values = try #require(row)
            #expect(try values.get("n") == 3)
            #expect(try values.get("total") == 7)
            let mean: Double = try values.get("mean")
            #expect(abs(mean - 7.0 / 3) < 1e-12)
            #expect(try values.get("has_more") == true)
            #expect(try values.get("t") == "x")
            #expect(try values.get("part") == 1)
            #expect(try values.get("some") == 6)
            #expect(try values.get("is_any") == true)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `text is ordered byte by byte`(_ engine: DatabaseEngine) async throws {
        let texts = ["a", "B", "Z", "_", "10", "9", "ä", "é", "z", "aa", "A", "", " ", "b-c", "bc"]
        try await withTemporaryDatabase(engine, [values]) { database in
            let back = try await database.write { transaction in
                for text in texts { try transaction.execute("INSERT INTO v (t) VALUES (\(text))") }
                return try transaction.rows("SELECT t FROM v ORDER BY t").map { try $0.get("t", as: String.self) }
            }
            #expect(back == texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            let fewer = try await database.read { transaction in
                try transaction.row("SELECT COUNT(*) AS n FROM v WHERE t < \("a")")?.get("n", as: Int.self)
            }
            #expect(fewer == texts.count { $0.utf8.lexicographicallyPrecedes("a".utf8) })
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a column of another type, or none, is an error that names it`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine) { database in
            let row = try #require(try await database.read { try $0.row("SELECT 'text' AS a") })
            #expect(throws: SQLError.decoding(column: "a", value: "text(\"text\")")) {
                _ = try row.get("a", as: Int64.self)
            }
            #expect(throws: SQLError.decoding(column: "b", value: "no such column")) {
                _ = try row.get("b", as: Int64.self)
            }
        }
    }
}
