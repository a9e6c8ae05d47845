/// The engine that many processes share: a PostgreSQL server, through libpq.
///
/// One connection writes, ``GroupCommit`` over ``PostgresWriter``; one stores signs of life; a few read; one listens. Each blocks a thread of its own
/// and none of Swift's. Writes are `SERIALIZABLE`; lost races against other processes are run again here, so that a caller
/// sees ``SQLError/locked(_:)`` only after many. Text is UTF-8 without U+0000.
public final class PostgresDatabase: SQLDatabase {
    /// Where it is, without user and password.
    public let place: String
    private let options: PostgresOptions
    private let commits: GroupCommit
    private let beats: PostgresBeats
    private let readers: PostgresReaders
    private let listener: PostgresListener
    private let notifier: Notifier

    private init(_ options: PostgresOptions) {
        self.options = options
        place = DatabaseLocation.withoutSecrets(options.url)
        notifier = Notifier()
        let process = WriterProcess()
        commits = Self.writer(options, notifier, process, label: "mrmarket.postgres.writer")
        // A beat that could not be stored within a second is of less use than the next one.
        var brief = options
        brief.patience = min(options.patience, PostgresBeats.patience)
        beats = PostgresBeats(
            Self.writer(brief, notifier, WriterProcess(), marks: false, label: "mrmarket.postgres.beats"),
            otherwise: commits)
        readers = PostgresReaders(options)
        listener = PostgresListener(options, notifier, process)
    }

    private static func writer(
        _ options: PostgresOptions, _ notifier: Notifier, _ process: WriterProcess, marks: Bool = true, label: String
    ) -> GroupCommit {
        GroupCommit(
            PostgresWriter(
                options, id: Int64.random(in: 1...Int64.max), notifier: notifier, processID: process, marks: marks),
            label: label, lockPatience: options.patience)
    }

    /// Opens a server's database: ours, or an empty one, which becomes ours.
    /// - Throws: ``SQLError/unavailable(_:)`` after ``PostgresOptions/patience``; ``SQLError/notOurDatabase(path:found:)``.
    public static func open(_ options: PostgresOptions) async throws -> PostgresDatabase {
        try await PostgresSetUp.run(options)
        return PostgresDatabase(options)
    }

    public static func open(url: String) async throws -> PostgresDatabase { try await open(PostgresOptions(url: url)) }

    public var dialect: SQLDialect { .postgres }

    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await commits.write(body) }

    public func write<Value: Sendable>(
        isDurable: Bool, _ body: @escaping @Sendable (any SQLTransaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) { commits.write(body, completion: completion) }

    public func beat<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await beats.write(body) }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await readers.read(body) }

    public func notifications(_ channel: String) -> AsyncStream<Void> { notifier.notifications(channel) }

    public func close() async {
        await commits.close()
        await beats.close()
        await readers.close()
        await listener.close()
        notifier.close()
    }
}

extension PostgresDatabase: MigratedAlone {
    func alone<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        let lock = PostgresMigrationLock(options)
        try await lock.take()
        do {
            let value = try await body()
            await lock.release()
            return value
        } catch {
            await lock.release()
            throw error
        }
    }
}
