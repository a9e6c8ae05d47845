internal import GRDB

/// SQLite in memory, for simulations and tests: a transaction runs at once, on the caller's thread, so that a simulation
/// decides the order of everything. Nothing of it outlives the process.
public final class MemoryDatabase: SQLDatabase {
    private let queue: DatabaseQueue
    private let notifier = Notifier()

    public init() throws(SQLError) {
        do {
            queue = try DatabaseQueue()
            try queue.writeWithoutTransaction { connection in
                try connection.execute(
                    sql: "CREATE TABLE IF NOT EXISTS \(Migrator.table) (name TEXT PRIMARY KEY) STRICT")
                try connection.execute(sql: Restores.sqliteTable)
            }
        } catch { throw SQLError(error) }
    }

    public var dialect: SQLDialect { .sqlite }

    /// Runs a transaction to its end before it returns.
    public func transact<Value>(_ body: (any SQLTransaction) throws -> Value) throws -> Value {
        var channels: [String] = []
        var value: Value?
        do {
            try queue.writeWithoutTransaction { connection in
                // Kept statements: GRDB prepares those of its own transactions anew each time, and a simulation makes many.
                let run = { (text: String) in try connection.cachedStatement(sql: text).execute() }
                try run("BEGIN IMMEDIATE")
                do {
                    let transaction = SQLiteTransaction(connection: connection)
                    value = try body(transaction)
                    if let failure = transaction.failure { throw failure }
                    channels = transaction.channels
                    try run("COMMIT")
                } catch {
                    // A lost transaction is rolled back already.
                    if connection.isInsideTransaction { try run("ROLLBACK") }
                    throw error
                }
            }
        } catch let error as DatabaseError { throw SQLError(error) }
        notifier.post(channels)
        guard let value else { throw SQLError.other("the transaction was not run") }
        return value
    }

    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try transact(body) }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try transact(body) }

    public func notifications(_ channel: String) -> AsyncStream<Void> { notifier.notifications(channel) }

    public func close() async {
        notifier.close()
        try? queue.close()
    }
}
