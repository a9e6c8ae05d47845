import Foundation
internal import GRDB

/// A transaction on one SQLite connection.
final class SQLiteTransaction: BatchTransaction {
    private let connection: Database
    private(set) var failure: SQLError?
    private(set) var hasWritten = false
    private var words = CommitWords()

    init(connection: Database) { self.connection = connection }

    var dialect: SQLDialect { .sqlite }

    func execute(_ sql: SQL) throws(SQLError) -> Int {
        try guarded {
            let (text, values) = sql.rendered(.sqlite)
            let before = connection.totalChangesCount
            let statement = try prepared(text)
            guard Self.isPlain(text) else {
                try statement.execute(arguments: StatementArguments(values.map(\.databaseValue)))
                return connection.totalChangesCount - before
            }
            let run = try SQLiteRun(statement.sqliteStatement, values)
            defer { run.end() }
            while try run.step() {}
            return connection.totalChangesCount - before
        }
    }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] {
        try guarded {
            let (text, values) = sql.rendered(.sqlite)
            let statement = try prepared(text)
            let run = try SQLiteRun(statement.sqliteStatement, values)
            defer { run.end() }
            guard try run.step() else { return [] }
            let columns = SQLColumns(statement.columnNames)
            var rows: [SQLRow] = []
            repeat {
                rows.append(SQLRow(columns: columns, values: run.row(columns.names.count)))
            } while try run.step()
            return rows
        }
    }

    private func prepared(_ text: String) throws -> Statement {
        let statement = try connection.cachedStatement(sql: text)
        if !statement.isReadonly { hasWritten = true }
        return statement
    }

    /// Whether GRDB need not know that a statement runs: it changes no schema, no setting and no transaction.
    private static func isPlain(_ text: String) -> Bool {
        ["INSERT", "UPDATE", "DELETE", "SELECT", "WITH"].contains { text.hasPrefix($0) }
    }

    func row(_ sql: SQL) throws(SQLError) -> SQLRow? { try rows(sql).first }

    func notify(_ channel: String) throws(SQLError) { try words.add(channel) }

    /// Whom to wake after the commit.
    var channels: [String] { words.channels }

    // MARK: - Shared by several callers

    /// A full disk, an I/O error, or no memory ends the whole transaction: https://www.sqlite.org/lang_transaction.html
    var isLost: Bool { !connection.isInsideTransaction }

    func beginCaller() {
        hasWritten = false
        words.beginCaller()
    }

    func forgetWords() { words.forgetCaller() }

    func setSavepoint() throws(SQLError) { try control("SAVEPOINT caller") }

    func releaseSavepoint() throws(SQLError) { try control("RELEASE SAVEPOINT caller") }

    func rollBackToSavepoint() throws(SQLError) {
        failure = nil
        try control("ROLLBACK TRANSACTION TO SAVEPOINT caller")
        try releaseSavepoint()
    }

    private func control(_ text: String) throws(SQLError) {
        try guarded { try connection.cachedStatement(sql: text).execute() }
    }

    private func guarded<Value>(_ body: () throws -> Value) throws(SQLError) -> Value {
        if let failure { throw failure }
        do { return try body() } catch {
            let error = SQLError(error)
            failure = error
            throw error
        }
    }
}

extension SQLValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let integer): integer.databaseValue
        case .real(let real): real.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
}

extension SQLError {
    /// What SQLite's codes mean to us: https://www.sqlite.org/rescode.html
    init(_ error: any Error) {
        switch error {
        case let error as SQLError: self = error
        case let error as DatabaseError: self = SQLError(error)
        default: self = .other("\(error)")
        }
    }

    private init(_ error: DatabaseError) {
        let message = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT: self = .constraint(Constraint(error.extendedResultCode), message)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked(message)
        case .SQLITE_FULL: self = .diskFull(message)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN: self = .inputOutput(message)
        case .SQLITE_READONLY: self = .readOnly(message)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(message)
        default: self = .other(message)
        }
    }
}

extension SQLError.Constraint {
    init(_ code: ResultCode) {
        switch code {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY: self = .unique
        case .SQLITE_CONSTRAINT_CHECK: self = .check
        case .SQLITE_CONSTRAINT_FOREIGNKEY: self = .foreignKey
        case .SQLITE_CONSTRAINT_NOTNULL: self = .notNull
        default: self = .other
        }
    }
}
