import Foundation
import Persistence
import TestSupport
import Testing

@testable import mrmarket

/// What holds for every table of the server, whichever module's.
@Suite struct SchemaRuleTests {
    private struct Column: Hashable {
        let table: String
        let name: String
        let type: String
        let isRequired: Bool
        let hasDefault: Bool
    }

    private func columns(_ database: any SQLDatabase) async throws -> [Column] {
        let query: SQL =
            database.dialect == .sqlite
            ? """
            SELECT m.name, c.name, c.type, c."notnull", c.dflt_value IS NOT NULL OR c.pk > 0
            FROM sqlite_schema m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid
            """
            : """
            SELECT table_name::TEXT, column_name::TEXT, data_type::TEXT, (is_nullable = 'NO')::INTEGER,
                (column_default IS NOT NULL OR is_identity = 'YES')::INTEGER
            FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
            WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
            ORDER BY table_name, ordinal_position
            """
        return try await database.read { transaction in
            try transaction.rows(query).map { row in
                Column(
                    table: try row.get(0), name: try row.get(1), type: try row.get(2), isRequired: try row.get(3),
                    hasDefault: try row.get(4))
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `D57: no column can hold money, or anything, as a floating or rounded number`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, ServerMigrations.all) { database in
            let columns = try await columns(database)
            #expect(columns.count > 100)
            let exact = ["INTEGER", "TEXT", "BLOB", "bigint", "text", "bytea", "timestamp with time zone"]
            #expect(columns.filter { !exact.contains($0.type) } == [])
            // Money by its name is text: a whole number of units would have its unit in its name.
            let money = [
                "amount", "price", "quantity", "available", "locked", "released", "remaining", "fee", "total",
                "realized",
                "total_realized", "position", "start_price", "best_profit", "base", "quote",
            ]
            #expect(columns.filter { money.contains($0.name) && $0.type.lowercased() != "text" } == [])
        }
    }

    /// Each statement stores a second row of what there may be once.
    @Test(arguments: DatabaseEngine.available)
    func `D58: the database itself refuses what there may be once`(_ engine: DatabaseEngine) async throws {
        @Sendable func strategy(_ id: Int, _ key: String) -> SQL {
            """
            INSERT INTO strategy_instances (id, strategy_key, user_id, client_id, strategy_type, exchange, account_label,
                symbol, status, parameters_version, run, created_at, updated_at)
            VALUES (\(id), \(key), 'u', 'c', 'pureMarketMaking', 'paper', 'main', 'BTC/USDT', 'stopped', 1, 1, 0, 0)
            """
        }
        @Sendable func parameters(_ version: Int) -> SQL {
            """
            INSERT INTO strategy_parameters (instance_id, version, parameters, created_at)
            VALUES (1, \(version), '{}', 0)
            """
        }
        @Sendable func job(_ id: String, _ queue: String) -> SQL {
            """
            INSERT INTO jobs (queue, kind, arguments, custom_id, priority, state, attempts, maximum_rescues,
                is_discarded_when_exhausted, dead_letter_holds_key, is_removed_when_finished, enqueued_at, run_at)
            VALUES (\(queue), 'k', '{}', \(id), 0, 'ready', 1, 1, 0, 0, 0, 0, 0)
            """
        }
        @Sendable func account(_ path: String) -> SQL {
            """
            INSERT INTO ledger_accounts (path, may_overdraw, available, locked, entry_count, head)
            VALUES (\(path), 0, '0', '0', 0, \(SQLValue.blob([UInt8](repeating: 0, count: 32))))
            """
        }
        @Sendable func saga(_ id: String) -> SQL {
            """
            INSERT INTO sagas (kind, id, schema_version, step, state, version, status, started_at, updated_at)
            VALUES ('k', \(id), 1, 's', '{}', 1, 'running', 0, 0)
            """
        }
        @Sendable func receipt(_ key: String) -> SQL {
            """
            INSERT INTO receipts (consumer, receipt_key, content_hash, result, created_at)
            VALUES ('c', \(key), \(SQLValue.blob([UInt8](repeating: 0, count: 32))), '', 0)
            """
        }
        let cases: [(first: SQL, other: SQL)] = [
            (strategy(1, "u-c-pureMarketMaking"), strategy(2, "u-d-pureMarketMaking")),
            (parameters(1), parameters(2)), (job("once", "q"), job("once", "r")),
            (account("order:1/USDT"), account("order:2/USDT")), (saga("1"), saga("2")), (receipt("1"), receipt("2")),
        ]
        try await withTemporaryDatabase(engine, ServerMigrations.all) { database in
            for (first, other) in cases {
                _ = try await database.write { try $0.execute(first) }
                let error = await #expect(throws: SQLError.self) {
                    _ = try await database.write { try $0.execute(first) }
                }
                guard case .constraint(.unique, _) = error else {
                    Issue.record("\(first): \(String(describing: error))")
                    continue
                }
                _ = try await database.write { try $0.execute(other) }
            }
            let error = await #expect(throws: SQLError.self) {
                _ = try await database.write { try $0.execute(strategy(3, "u-c-pureMarketMaking")) }
            }
            guard case .constraint(.unique, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    /// A table that no code writes, or a column that it leaves out though the table wants it, is a migration that went its own way.
    @Test(arguments: DatabaseEngine.available)
    func `D56: code and tables agree: none is unused, and no column is required that code leaves out`(
        _ engine: DatabaseEngine
    ) async throws {
        let code = try Self.code()
        try await withTemporaryDatabase(engine, ServerMigrations.all) { database in
            let columns = try await columns(database)
            // The seam's own.
            let tables = Set(columns.map(\.table)).filter { !$0.hasPrefix("mrmarket_") }.sorted()
            #expect(tables.count > 15)
            for table in tables {
                let inserts = Self.inserts(into: table, code)
                #expect(!inserts.isEmpty || code.contains("UPDATE \(table) SET"), "nothing writes \(table)")
                for column in columns where column.table == table && column.isRequired && !column.hasDefault {
                    #expect(
                        inserts.allSatisfy { $0.contains(column.name) },
                        "\(table).\(column.name) is required, and an INSERT leaves it out")
                }
            }
        }
    }

    /// All of Sources but the migrations, which may write tables that are gone, or copy between two forms of one.
    private static func code() throws -> String {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Sources")
            .standardized
        let files = try #require(FileManager.default.enumerator(atPath: sources.path))
        var code = ""
        for case let file as String in files where file.hasSuffix(".swift") && !file.hasSuffix("Migration.swift") {
            code += try String(contentsOf: sources.appending(path: file), encoding: .utf8)
        }
        return code
    }

    /// The lists of columns that are written, with `\(columns)` looked up.
    private static func inserts(into table: String, _ code: String) -> [String] {
        code.ranges(of: "INSERT INTO \(table) (").map { found in
            let list = code[found.upperBound...].prefix { $0 != ")" }
            guard list.hasPrefix("\\(") else { return String(list) }
            // `\(columns)` and `\(raw: Self.columns)`: the nearest list of that name before it, or behind.
            let whole = code.ranges(of: "static let columns = \"\"\"")
            let nearest = whole.min { abs(distance(code, $0, found)) < abs(distance(code, $1, found)) }
            guard let nearest, let end = code[nearest.upperBound...].range(of: "\"\"\"") else { return "" }
            return String(code[nearest.upperBound..<end.lowerBound])
        }
    }

    private static func distance(_ code: String, _ left: Range<String.Index>, _ right: Range<String.Index>) -> Int {
        code.utf8.distance(from: left.lowerBound, to: right.lowerBound)
    }
}
