/// A transaction on one PostgreSQL connection.
final class PostgresTransaction: BatchTransaction {
    private let connection: PostgresConnection
    /// Why the first failed statement failed. PostgreSQL refuses everything after it.
    private(set) var cause: PostgresFailure?
    private(set) var hasWritten = false
    private var words = CommitWords()

    init(_ connection: PostgresConnection) { self.connection = connection }

    var dialect: SQLDialect { .postgres }

    func execute(_ sql: SQL) throws(SQLError) -> Int { try answer(sql).changes }

    func executeLater(_ sql: SQL) throws(SQLError) -> LaterChanges {
        try guarded { () throws(PostgresFailure) in
            hasWritten = true
            if let (statement, values) = sql.statement, let gathered = statement.gathered, gathered.takes(values) {
                return try connection.gather(statement, gathered, values)
            }
            let (text, values) = sql.rendered(.postgres)
            return try connection.send(text, values)
        }
    }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] { try answer(sql).rows }

    func row(_ sql: SQL) throws(SQLError) -> SQLRow? { try answer(sql).rows.first }

    func notify(_ channel: String) throws(SQLError) { try words.add(channel) }

    /// Whom to wake after the commit.
    var channels: [String] { words.channels }

    private func answer(_ sql: SQL) throws(SQLError) -> PostgresConnection.Answer {
        let (text, values) = sql.rendered(.postgres)
        return try guarded { () throws(PostgresFailure) in
            if !PostgresConnection.isReading(text) { hasWritten = true }
            return try connection.query(text, values)
        }
    }

    private func guarded<Value>(_ body: () throws(PostgresFailure) -> Value) throws(SQLError) -> Value {
        if let failure { throw failure }
        do { return try body() } catch {
            cause = error
            throw error.error
        }
    }

    // MARK: - Shared by several callers

    var failure: SQLError? { cause?.error }

    /// A serialisation failure is the whole transaction's.
    var isLost: Bool { cause?.isWorthRetrying ?? false }

    func settle() throws(SQLError) { try guarded { () throws(PostgresFailure) in try connection.settle() } }

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
        cause = nil
        connection.forgetSent()
        try control("ROLLBACK TO SAVEPOINT caller; RELEASE SAVEPOINT caller")
    }

    private func control(_ text: String) throws(SQLError) {
        _ = try guarded { () throws(PostgresFailure) in try connection.run(text) }
    }
}
