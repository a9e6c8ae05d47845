import Foundation
internal import GRDB

/// Whether a database file is whole.
enum SQLiteCheck {
    /// Up to this size every page is looked at when a server starts: a quarter of a second or so from a cold disk.
    static let wholeCheckLimit = 64 << 20

    /// At a start, bounded in time: the schema always, every page of a small file; a large one is left to `doctor`, and to
    /// the statement that comes upon the damage.
    /// - Throws: ``SQLError/corrupt(_:)`` with the path.
    static func atStart(_ connection: Database, _ path: String) throws {
        do {
            _ = try Int.fetchOne(connection, sql: "SELECT COUNT(*) FROM sqlite_schema")
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            if size <= wholeCheckLimit { try check(connection, path, "PRAGMA quick_check(1)") }
        } catch { throw named(SQLError(error), path) }
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
        default: error
        }
    }
}
