import API
import Foundation
import MarketMaking
import Persistence
import Scheduling

/// What a server process reads before anything else: its settings and where its files are.
struct ServerFiles {
    let configuration: ServerConfiguration

    /// - Throws: ``BadInput`` with a line for every fault.
    init() throws {
        let file = FileManager.default.contents(atPath: ".env").map { String(decoding: $0, as: UTF8.self) } ?? ""
        do {
            var configuration = try ServerConfiguration(
                environment: ProcessInfo.processInfo.environment, file: file)
            configuration.revision = ProcessInfo.processInfo.environment["MRMARKET_REVISION"] ?? "unknown"
            self.configuration = configuration
        } catch { throw BadInput(error.lines.joined(separator: "\nmrmarket: ")) }
    }

    /// The database, brought forward to this version; where there is none, its encryption key is made before it (D60).
    /// - Throws: ``BadInput``.
    func openDatabase() async throws -> (database: SQLiteDatabase, migrations: [String]) {
        do {
            if !hasDatabase { try ServerSecrets.makeEncryptionKey(configuration, random: SystemRandom()) }
            let opened = try await SQLiteDatabase.open(path: database)
            return (opened, try await Migrator(MarketMakingMigrations.all).migrate(opened).map { "\($0)" })
        } catch let error as SQLError {
            throw BadInput("\(error)")
        } catch let error as ConfigurationErrors {
            throw BadInput(error.lines.joined(separator: "\nmrmarket: "))
        }
    }

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
