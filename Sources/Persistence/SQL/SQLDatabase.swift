/// An open transaction. Not to be kept beyond the closure it was given to.
public protocol SQLTransaction {
    var dialect: SQLDialect { get }

    /// - Returns: how many rows were changed.
    @discardableResult
    func execute(_ sql: SQL) throws(SQLError) -> Int
    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow]
    /// The first row of an answer.
    func row(_ sql: SQL) throws(SQLError) -> SQLRow?
}

/// A database, whichever engine it is.
public protocol SQLDatabase: Sendable {
    /// Runs a transaction. Returns when it is durable: neither SIGKILL nor a power cut takes it back.
    ///
    /// The body may be run twice, so it must do nothing but use its transaction. When it throws, or the commit fails,
    /// nothing of it stays.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// Reads from one consistent state. Writing in here is refused.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// Ends all work; what was acknowledged is there.
    func close() async
}
