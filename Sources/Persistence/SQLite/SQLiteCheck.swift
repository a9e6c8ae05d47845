import Foundation
internal import GRDB

/// Whether a database file is whole.
enum SQLiteCheck {
    /// As ``atStart(_:_:limit:)``, by a connection that can only read.
    static func atStart(_ keeper: LogKeeper, _ path: String, limit: Int) throws -> Bool {
        do { return try keeper.reader.read { try atStart($0, path, limit: limit) } } catch {
            throw named(SQLError(error), path)
        }
    }

    /// At a start, bounded in time: the schema always, every page of a file up to a limit. A larger one is looked at while the server
    /// runs, see ``SQLiteDatabase/checkPages()``: open orders are not left alone for so long.
    /// - Returns: whether every page was looked at.
    /// - Throws: ``SQLError/corrupt(_:)`` with the path.
    static func atStart(_ connection: Database, _ path: String, limit: Int) throws -> Bool {
        do {
            _ = try Int.fetchOne(connection, sql: "SELECT COUNT(*) FROM sqlite_schema")
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            if size <= limit { try check(connection, path, "PRAGMA quick_check(1)") }
            return size <= limit
        } catch { throw named(SQLError(error), path) }
    }

    /// The names of the steps that were taken; none in a file that is new.
    static func migrations(_ keeper: LogKeeper, _ path: String) throws -> [String] {
        do {
            return try keeper.reader.read { connection in
                guard try connection.tableExists(Migrator.table) else { return [] }
                return try String.fetchAll(connection, sql: "SELECT name FROM \(Migrator.table) ORDER BY name")
            }
        } catch { throw named(SQLError(error), path) }
    }

    /// Every page, without the time that it takes to compare indexes with their tables.
    static func pages(_ connection: Database, _ path: String) throws {
        do { try check(connection, path, "PRAGMA quick_check(1)") } catch { throw named(SQLError(error), path) }
    }

    /// Every page, index and constraint.
    static func whole(_ connection: Database, _ path: String) throws {
        do { try check(connection, path, "PRAGMA integrity_check(1)") } catch { throw named(SQLError(error), path) }
    }

    private static func check(_ connection: Database, _ path: String, _ pragma: String) throws {
        let verdict = try String.fetchOne(connection, sql: pragma) ?? "no verdict"
        guard verdict == "ok" else {
            throw SQLError.corrupt("\(path): \(verdict.split(whereSeparator: \.isNewline).joined(separator: " "))")
        }
    }

    /// What SQLite says of a damaged file does not tell which.
    static func named(_ error: SQLError, _ path: String) -> SQLError {
        switch error {
        case .corrupt(let message) where !message.hasPrefix(path): .corrupt("\(path): \(message)")
        case .inputOutput(let message) where !message.hasPrefix(path): .inputOutput("\(path): \(message)")
        case .diskFull(let message) where !message.hasPrefix(path): .diskFull("\(path): \(message)")
        case .readOnly(let message) where !message.hasPrefix(path): .readOnly("\(path): \(message)")
        default: error
        }
    }
}
