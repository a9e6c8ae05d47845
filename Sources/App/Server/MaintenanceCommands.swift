import API
import ArgumentParser
import Foundation
import MarketMaking
import Persistence
import Scheduling
import Simulators
import TradingCore

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database forward to this version, as a start does.")

    func run() async throws {
        let files = try ServerFiles()
        let (database, done) = try await files.openDatabase()
        await database.close()
        print(done.isEmpty ? "\(files.database) is up to date." : done.map { "Done: \($0)" }.joined(separator: "\n"))
    }
}

struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed", abstract: "Store the example strategy, to run from the next start on, where there is none."
    )

    func run() async throws {
        let files = try ServerFiles()
        do {
            let database = try await files.openDatabase().database
            let isSeeded = try await database.write(
                ExampleStrategy.seeding(
                    Symbol(base: AssetID("BTC"), quote: AssetID("USDT")), base: "10", quote: "1000000",
                    now: SystemTime().now()))
            await database.close()
            print(isSeeded ? "Stored \(ExampleStrategy.key)." : "There are strategies already; nothing was stored.")
        } catch let error as SQLError { throw BadInput("\(error)") }
    }
}
