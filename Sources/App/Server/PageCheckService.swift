import Persistence
import ServiceLifecycle

/// Looks at every page of a database that was too large for that before the start. Damage ends the server in good order, with the
/// file's name: on what cannot be read nobody should trade.
struct PageCheckService: Service {
    private let check: @Sendable () async throws -> Void

    init(database: any SQLDatabase) {
        self.init { try await (database as? SQLiteDatabase)?.checkPages() }
    }

    init(check: @escaping @Sendable () async throws -> Void) { self.check = check }

    var configured: ServiceGroupConfiguration.ServiceConfiguration {
        .init(
            service: self, successTerminationBehavior: .ignore,
            failureTerminationBehavior: .gracefullyShutdownGroup)
    }

    func run() async throws {
        // A file that takes minutes from a cold disk keeps nobody's stop waiting.
        try await cancelWhenGracefulShutdown {
            do { try await check() } catch SQLError.closed { return } catch {
                // Damage that was found is told all the same.
                if Task.isCancelled, !Self.isDamage(error) { return }
                throw error
            }
        }
        // Its end is nobody else's.
        try? await gracefulShutdown()
    }

    private static func isDamage(_ error: any Error) -> Bool {
        if case .corrupt? = error as? SQLError { true } else { false }
    }
}
