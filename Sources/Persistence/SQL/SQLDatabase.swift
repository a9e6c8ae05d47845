/// An open transaction. Not to be kept beyond the closure it was given to.
public protocol SQLTransaction {
    var dialect: SQLDialect { get }

    /// - Returns: how many rows were changed.
    @discardableResult
    func execute(_ sql: SQL) throws(SQLError) -> Int
    /// As ``execute(_:)``, for whom it is enough to know after the commit: an engine behind a wire sends many of these at once, and
    /// waits for it once, or makes one of those that are alike (``GatheredStatement``). One that fails is an error of the next
    /// statement or of the commit.
    @discardableResult
    func executeLater(_ sql: SQL) throws(SQLError) -> LaterChanges
    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow]
    /// The first row of an answer.
    func row(_ sql: SQL) throws(SQLError) -> SQLRow?

    /// Wakes whoever listens on `channel` once this transaction is durable, and not if it fails: in this process, and on an
    /// engine that many processes share, in all of them. It tells that there is something to look at, not what.
    /// - Parameter channel: lower-case letters, digits and `_`, at most 63.
    func notify(_ channel: String) throws(SQLError)
}

extension SQLTransaction {
    @discardableResult
    public func executeLater(_ sql: SQL) throws(SQLError) -> LaterChanges { LaterChanges(try execute(sql)) }
}

/// A database, whichever engine it is.
public protocol SQLDatabase: Sendable {
    var dialect: SQLDialect { get }

    /// Runs a transaction. Returns when it is durable: neither SIGKILL nor a power cut takes it back.
    ///
    /// The body may be run several times, so it must do nothing but use its transaction. When it throws, or the commit fails,
    /// nothing of it stays; except that after ``SQLError/outcomeUnknown(_:)`` nobody knows.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// As ``write(_:)``, for what need only outlive the process: SIGKILL does not take it back, a power cut may, unless a
    /// later ``write(_:)`` has returned. An engine that other processes share waits for the disk all the same.
    func writeWithoutSync<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// As ``write(_:)``, for those whom waking another thread would cost more than the rest: `completion` is called once, on
    /// the thread that commits, and everybody's next commit waits for it. So it must be short, and must not wait.
    /// - Parameter isDurable: false is ``writeWithoutSync(_:)``.
    func write<Value: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void)

    /// As ``write(_:)``, for a process's signs of life. Where other processes judge by them, they are stored beside the
    /// other transactions, and wait for none. A process whose writer is held for so long that others are refused gives none: it
    /// could not work.
    func beat<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// Runs tasks on the thread that commits, for short work that follows from commits; nil where there is no such thread.
    var executor: (any TaskExecutor)? { get }

    /// Reads from one consistent state. Writing in here is refused. The body may be run several times.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value

    /// Word of commits that called ``SQLTransaction/notify(_:)``, from now on. Words that come before the listener looks become
    /// one. A word can be lost when a connection breaks, so whoever waits for it also looks from time to time.
    func notifications(_ channel: String) -> AsyncStream<Void>

    /// From now on `rider` rides in the transactions that concern it, and hears of every commit that does.
    /// - Returns: false where commits of other processes would not be heard of, or another rides on the channel already.
    func addRider(_ rider: any CommitRider) -> Bool
    func removeRider(_ rider: any CommitRider)

    /// Looks for what no statement would notice: a file that was deleted, moved or replaced. Takes some microseconds.
    /// - Returns: ``SQLError/fileLost(_:)``; nil when all is well, or the engine has no files.
    func lostFile() -> SQLError?

    /// Ends all work; what was acknowledged is there.
    func close() async
}

extension SQLDatabase {
    public func writeWithoutSync<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await write(body) }

    public func write<Value: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        Task {
            do {
                completion(.success(try await isDurable ? write(body) : writeWithoutSync(body)))
            } catch { completion(.failure(error)) }
        }
    }

    public func beat<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await write(body) }

    public var executor: (any TaskExecutor)? { nil }

    public func addRider(_ rider: any CommitRider) -> Bool { false }
    public func removeRider(_ rider: any CommitRider) {}

    public func lostFile() -> SQLError? { nil }
}
