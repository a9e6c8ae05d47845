import Persistence
import TestSupport
import Testing

@Suite struct SQLStatementTests {
    private static let insert = SQLStatement("INSERT INTO t (k, v) VALUES (?, ?) ON CONFLICT (k) DO NOTHING")
    private static let migrations = [
        Migration("t") { try $0.execute("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT") }
    ]

    @Test(arguments: DatabaseEngine.available)
    func `a kept statement takes other values each time, alone or within another`(_ engine: DatabaseEngine) async throws
    {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            let counts = try await database.write { transaction in
                try ["a", "b", "a"].enumerated().map { index, key in
                    try transaction.execute(SQL(Self.insert, [.text(key), .integer(Int64(index))]))
                }
            }
            #expect(counts == [1, 1, 0])
            let count = SQLStatement("SELECT COUNT(*) FROM t WHERE v >= ?")
            let values = try await database.read { transaction in
                let whole =
                    SQL(count, [.integer(0)]) + " AND k <> \("b") AND k IN (\(values: [.text("a"), .text("b")]))"
                return try [SQL(count, [.integer(0)]), SQL(count, [.integer(1)]), whole].map { query in
                    try transaction.row(query)?.get(0, as: Int64.self)
                }
            }
            #expect(values == [2, 1, 1])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a kept statement that failed works again in the next transaction`(_ engine: DatabaseEngine) async throws {
        let plain = SQLStatement("INSERT INTO t (k, v) VALUES (?, ?)")
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            for key in ["a", "b"] {
                let insert = SQL(plain, [.text(key), .null])
                let changed = try await database.write { try $0.execute(insert) }
                #expect(changed == 1)
                await #expect(throws: SQLError.self) { _ = try await database.write { try $0.execute(insert) } }
            }
        }
    }
}
