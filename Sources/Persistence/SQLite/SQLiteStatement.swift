internal import GRDB
internal import GRDBSQLite

/// Runs GRDB's prepared statements through SQLite's own functions: GRDB's argument lists and rows cost three times what
/// SQLite itself does for an insert, and none of what they add is used here.
struct SQLiteStatement {
    private let statement: Statement
    private let pointer: OpaquePointer
    private let connection: Database

    let isReadOnly: Bool

    init(_ statement: Statement, _ connection: Database) {
        self.statement = statement
        pointer = statement.sqliteStatement
        isReadOnly = statement.isReadonly
        self.connection = connection
    }

    /// Runs the statement to its end.
    func run(_ values: [SQLValue]) throws {
        defer { sqlite3_reset(pointer) }
        try bind(values)
        while try step() {}
    }

    func rows(_ values: [SQLValue]) throws -> [SQLRow] {
        defer { sqlite3_reset(pointer) }
        try bind(values)
        guard try step() else { return [] }
        // The names are kept by GRDB, with the statement.
        let columns = SQLColumns(statement.columnNames)
        let count = Int32(columns.names.count)
        var rows: [SQLRow] = []
        repeat { rows.append(SQLRow(columns: columns, values: (0..<count).map(value))) } while try step()
        return rows
    }

    /// - Returns: whether there is a row.
    private func step() throws -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure()
        }
    }

    /// What the connection says went wrong last. Resetting the statement says it again and changes nothing.
    private func failure() -> DatabaseError {
        let code = sqlite3_extended_errcode(connection.sqliteConnection)
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: connection.lastErrorMessage)
    }

    // MARK: - Values

    private func bind(_ values: [SQLValue]) throws {
        guard values.count == Int(sqlite3_bind_parameter_count(pointer)) else {
            throw SQLError.other("\(values.count) values for \(sqlite3_bind_parameter_count(pointer)) parameters")
        }
        for (index, value) in values.enumerated() {
            guard bind(value, Int32(index + 1)) == SQLITE_OK else { throw failure() }
        }
    }

    private func bind(_ value: SQLValue, _ index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(pointer, index)
        case .integer(let integer): return sqlite3_bind_int64(pointer, index, integer)
        case .real(let real): return sqlite3_bind_double(pointer, index, real)
        case .text(var text):
            // No bytes may mean no address, and no address means NULL.
            if text.isEmpty { return sqlite3_bind_text(pointer, index, "", 0, Self.transient) }
            text = text.storable
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(pointer, index, $0.baseAddress, Int32($0.count), Self.transient)
                }
            }
        case .blob(let bytes):
            if bytes.isEmpty { return sqlite3_bind_zeroblob(pointer, index, 0) }
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob(pointer, index, $0.baseAddress, Int32($0.count), Self.transient)
            }
        }
    }

    /// SQLite's word for "copy it": the bytes are gone when the call returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private func value(_ index: Int32) -> SQLValue {
        switch sqlite3_column_type(pointer, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, index))
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(pointer, index) else { return .text("") }
            let count = Int(sqlite3_column_bytes(pointer, index))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(pointer, index) else { return .blob([]) }
            return .blob(Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, index)))))
        default: return .null
        }
    }
}
