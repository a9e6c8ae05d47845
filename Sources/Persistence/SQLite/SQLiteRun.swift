internal import GRDB
internal import GRDBSQLite

/// One run of a prepared statement, straight on SQLite's interface. GRDB makes an array, a dictionary or an object for most
/// of what it binds and reads; that was two thirds of what a short statement costs.
struct SQLiteRun {
    private let statement: OpaquePointer

    /// - Parameter values: one for each place in the statement.
    init(_ statement: OpaquePointer, _ values: [SQLValue]) throws {
        self.statement = statement
        let places = sqlite3_bind_parameter_count(statement)
        guard places == values.count else {
            throw SQLError.other(
                "\(values.count) values for \(places) places: \(String(cString: sqlite3_sql(statement)))")
        }
        for (index, value) in values.enumerated() { try check(bind(value, at: Int32(index + 1))) }
    }

    /// - Returns: whether there is a row to read.
    func step() throws -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw error(code)
        }
    }

    /// Makes the statement ready for another run. An error that it repeats was thrown before.
    func end() { sqlite3_reset(statement) }

    /// The row that the last step came to.
    func row(_ count: Int) -> [SQLValue] { (0..<count).map { value(at: Int32($0)) } }

    // MARK: - Values

    /// SQLite copies what it is given before it returns.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private func bind(_ value: SQLValue, at place: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(statement, place)
        case .integer(let integer): return sqlite3_bind_int64(statement, place, integer)
        case .real(let real): return sqlite3_bind_double(statement, place, real)
        case .text(var text):
            return text.withUTF8 { bytes in
                // No bytes have no address, and no address would be NULL.
                guard let start = bytes.baseAddress else {
                    return sqlite3_bind_text(statement, place, "", 0, Self.copied)
                }
                return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text(statement, place, $0, Int32(bytes.count), Self.copied)
                }
            }
        case .blob(let bytes):
            if bytes.isEmpty { return sqlite3_bind_zeroblob(statement, place, 0) }
            return sqlite3_bind_blob(statement, place, bytes, Int32(bytes.count), Self.copied)
        }
    }

    private func value(at column: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT:
            // The text first, then its length: https://www.sqlite.org/c3ref/column_blob.html
            guard let start = sqlite3_column_text(statement, column) else { return .text("") }
            let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
            return .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(statement, column) else { return .blob([]) }
            return .blob(
                Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))))
        default: return .null
        }
    }

    // MARK: - Errors

    private func check(_ code: Int32) throws {
        if code != SQLITE_OK { throw error(code) }
    }

    private func error(_ code: Int32) -> DatabaseError {
        let message = sqlite3_errmsg(sqlite3_db_handle(statement)).map { String(cString: $0) }
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}
