import Persistence
import Synchronization

/// Takes no writes, as a full disk does, nothing at all, as a server that is stopped, or everything.
final class SwitchedDatabase: SQLDatabase {
    enum Mode { case well, full, stopped }

    private let base: any SQLDatabase
    private let mode = Mutex(Mode.well)

    init(_ base: any SQLDatabase) { self.base = base }

    func turn(_ mode: Mode) { self.mode.withLock { $0 = mode } }

    var dialect: SQLDialect { base.dialect }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        switch mode.withLock({ $0 }) {
        case .well: return try await base.write(body)
        case .full: throw SQLError.unavailable("disk full")
        case .stopped: throw SQLError.unavailable("stopped")
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLTransaction) throws -> Value
    ) async throws -> Value {
        if mode.withLock({ $0 == .stopped }) { throw SQLError.unavailable("stopped") }
        return try await base.read(body)
    }

    func notifications(_ channel: String) -> AsyncStream<Void> { base.notifications(channel) }

    func close() async { await base.close() }
}
