import Persistence
import ServiceLifecycle

/// Looks at every page of a database that was too large for that before the start. Damage ends the server in good order, with the
/// file's name: on what cannot be read nobody should trade.
struct PageCheckService: Service {
    let database: any SQLDatabase

    static func configured(_ database: any SQLDatabase) -> ServiceGroupConfiguration.ServiceConfiguration {
        .init(
            service: PageCheckService(database: database), successTerminationBehavior: .ignore,
            failureTerminationBehavior: .gracefullyShutdownGroup)
    }

    func run() async throws {
        do { try await (database as? SQLiteDatabase)?.checkPages() } catch SQLError.closed { return }
        // Its end is nobody else's.
        try? await gracefulShutdown()
    }
}
