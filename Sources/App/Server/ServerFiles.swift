import API
import Foundation

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
