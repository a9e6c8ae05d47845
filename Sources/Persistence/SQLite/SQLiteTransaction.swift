internal import GRDB

/// A transaction on one SQLite connection.
final class SQLiteTransaction: BatchTransaction {
    private let connection: Database
    private(set) var failure: SQLError?
    private(set) var hasWritten = false
    private var words = CommitWords()
    /// Kept statements that this transaction has run: few, found by identity.
    private var known: [(key: SQLStatement, statement: SQLiteStatement)] = []

    init(connection: Database) { self.connection = connection }

    var dialect: SQLDialect { .sqlite }

    func execute(_ sql: SQL) throws(SQLError) -> Int {
        try guarded {
            let (statement, values) = try prepare(sql)
            let before = connection.totalChangesCount
            try statement.run(values)
            // Its own rows alone, as PostgreSQL counts: the total holds those of cascades and triggers too, the other number
            // is of an earlier statement where this one changed none.
            return connection.totalChangesCount == before ? 0 : connection.changesCount
        }
    }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] {
        try guarded {
            let (statement, values) = try prepare(sql)
            return try statement.rows(values)
        }
    }

    private func prepare(_ sql: SQL) throws -> (SQLiteStatement, [SQLValue]) {
        let (statement, values) = try find(sql)
        if !statement.isReadOnly { hasWritten = true }
        return (statement, values)
    }

    private func find(_ sql: SQL) throws -> (SQLiteStatement, [SQLValue]) {
        guard let (key, values) = sql.statement else {
            let (text, values) = sql.rendered(.sqlite)
            return (SQLiteStatement(try connection.cachedStatement(sql: text), connection), values)
        }
        if let index = known.firstIndex(where: { $0.key === key }) { return (known[index].statement, values) }
        let statement = SQLiteStatement(try connection.cachedStatement(sql: key.text(.sqlite)), connection)
        if known.count < Self.maximumKnown { known.append((key, statement)) }
        return (statement, values)
    }

    /// A longer walk would cost more than it saves.
    private static let maximumKnown = 32

    func row(_ sql: SQL) throws(SQLError) -> SQLRow? { try rows(sql).first }

    func notify(_ channel: String) throws(SQLError) { try words.add(channel) }

    /// Whom to wake after the commit.
    var channels: [String] { words.channels }

    // MARK: - Shared by several callers

    /// A full disk, an I/O error, or no memory ends the whole transaction: https://www.sqlite.org/lang_transaction.html
    var isLost: Bool { !connection.isInsideTransaction }

    /// Nothing is ever under way.
    func settle() throws(SQLError) {}

    func beginCaller() {
        hasWritten = false
        words.beginCaller()
    }

    func forgetWords() { words.forgetCaller() }
    func ridesBegin() { words.ridesBegin() }
    var riddenChannels: [String] { words.ridden }

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
