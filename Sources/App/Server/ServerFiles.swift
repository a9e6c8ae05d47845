import API
import ExchangeKeys
import Foundation
import Jobs
import Ledger
import MarketMaking
import Persistence
import Scheduling

/// What a server process reads before anything else: its settings and where its files are.
struct ServerFiles {
    let configuration: ServerConfiguration

    /// - Throws: ``BadInput`` with a line for every fault.
    init() throws {
        let file = try Self.settingsFile()
        do {
            var configuration = try ServerConfiguration(
                environment: ProcessInfo.processInfo.environment, file: file)
            configuration.revision = ProcessInfo.processInfo.environment["MRMARKET_REVISION"] ?? "unknown"
            self.configuration = configuration
        } catch { throw BadInput(error.lines.joined(separator: "\nmrmarket: ")) }
    }

    /// - Throws: ``BadInput`` when there is one and it cannot be read: what is set there is not to be passed over.
    private static func settingsFile() throws -> String {
        let path = ".env"
        guard FileManager.default.fileExists(atPath: path) else { return "" }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw BadInput("\(path): must be a file that can be read")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The database, brought forward to this version; where there is none, its encryption key is made before it (D60).
    /// - Throws: ``BadInput``.
    func openDatabase() async throws -> (database: any SQLDatabase, migrations: [String]) {
        do { return try await openTyped() } catch let error as SQLError { throw BadInput("\(error)") }
    }

    /// - Throws: ``BadInput``; what the database says as it says it.
    func openTyped() async throws -> (database: any SQLDatabase, migrations: [String]) {
        do {
            if isEmbedded, !hasDatabase { try makeEncryptionKey() }
            let migrator = Migrator(ServerMigrations.all)
            let opened = try await Databases.open(configuration.databaseLocation, for: migrator)
            if !isEmbedded, try await migrator.pending(opened).count == ServerMigrations.all.count {
                try makeEncryptionKey()
            }
            return (opened, try await migrator.migrate(opened))
        } catch let error as ConfigurationErrors {
            throw BadInput(error.lines.joined(separator: "\nmrmarket: "))
        }
    }

    /// The database as it is, to be looked at beside a running server; never brought forward.
    /// - Throws: ``BadInput``.
    func openToLook() async throws -> any SQLDatabase {
        do {
            let database: any SQLDatabase =
                isEmbedded
                ? try await SQLiteDatabase.openReadOnly(path: database)
                : try await Databases.open(configuration.databaseLocation)
            let pending = try await Migrator(ServerMigrations.all).pending(database)
            guard pending.isEmpty else {
                throw BadInput("\(self.database): must be brought forward first, with `mrmarket migrate`")
            }
            return database
        } catch let error as SQLError { throw BadInput("\(error)") }
    }

    private func makeEncryptionKey() throws {
        try ServerSecrets.makeEncryptionKey(configuration, random: SystemRandom())
    }

    var isEmbedded: Bool { if case .sqlite = configuration.databaseLocation { true } else { false } }
    var database: String { configuration.databasePath }
    var paperJournal: String { configuration.dataFolder + "/paper-exchange.db" }
    var hasDatabase: Bool { (try? FileManager.default.attributesOfItem(atPath: database)[.size] as? Int) ?? 0 > 0 }

    /// Where set-up has put Swagger UI: beside the program, or beside its sources.
    var swaggerFolder: String? {
        let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let places: [String?] = [
            ProcessInfo.processInfo.environment["MRMARKET_SWAGGER"], program.appending(path: "swagger").path,
            ".build/swagger",
        ]
        return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0 + "/swagger-ui-bundle.js") }
    }
}

/// Every table of the server: each module's own, in the order in which they point at each other.
enum ServerMigrations {
    static let all =
        LedgerMigrations.all + JobsMigrations.all + OutboxMigrations.all + SagaMigrations.all
        + MarketMakingMigrations.all + ExchangeKeyMigrations.all
}
