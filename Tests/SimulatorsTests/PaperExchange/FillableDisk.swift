import Persistence
import Synchronization

/// A database whose disk can be filled.
final class FillableDisk: SQLDatabase {
    private let real: any SQLDatabase
    private let isFull = Mutex(false)

    init(_ path: String) async throws { real = try await SQLiteDatabase.open(path: path) }

    func fill(_ value: Bool) { isFull.withLock { $0 = value } }

    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T {
        if isFull.withLock({ $0 }) { throw SQLError.diskFull("scripted") }
        return try await real.write(body)
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLTransaction) throws -> T) async throws -> T {
        try await real.read(body)
    }

    var dialect: SQLDialect { real.dialect }
    func notifications(_ channel: String) -> AsyncStream<Void> { real.notifications(channel) }
    func close() async { await real.close() }
}
