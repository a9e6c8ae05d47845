import Persistence
import Synchronization

/// Commits everything, and now and then does not say so, as a server does whose connection breaks during a commit.
final class ForgetfulDatabase: SQLDatabase {
    private let base: any SQLDatabase
    private let interval: Int
    private let count = Atomic(0)

    init(_ base: any SQLDatabase, every interval: Int) {
        self.base = base
        self.interval = interval
    }

    var forgotten: Int { count.load(ordering: .sequentiallyConsistent) / interval }

    var dialect: SQLDialect { base.dialect }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        let value = try await base.write(body)
        let number = count.add(1, ordering: .sequentiallyConsistent).newValue
        if number % interval == 0 { throw SQLError.outcomeUnknown("the connection broke") }
        return value
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await base.read(body) }

    func notifications(_ channel: String) -> AsyncStream<Void> { base.notifications(channel) }

    func close() async { await base.close() }
}
