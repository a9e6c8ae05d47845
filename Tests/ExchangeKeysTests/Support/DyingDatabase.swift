import Persistence
import Synchronization

/// Commits so many transactions, and then nothing more, as a process does that dies.
final class DyingDatabase: SQLDatabase {
    private let base: any SQLDatabase
    private let left: Atomic<Int>

    init(_ base: any SQLDatabase, after commits: Int) {
        self.base = base
        left = Atomic(commits)
    }

    var dialect: SQLDialect { base.dialect }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        if left.subtract(1, ordering: .sequentiallyConsistent).newValue < 0 { throw SQLError.other("dead") }
        return try await base.write(body)
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value { try await base.read(body) }

    func notifications(_ channel: String) -> AsyncStream<Void> { base.notifications(channel) }

    func close() async { await base.close() }
}
