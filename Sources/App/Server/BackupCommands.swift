import ArgumentParser
import Foundation
import Persistence

/// A copy of the embedded database, taken beside a running server.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the database to a file while the server runs; verified, and whole or not there at all.")

    @Argument(help: "The file to write; an older backup of that name is replaced.")
    var file: String

    func run() async throws {
        let files = try ServerFiles()
        try files.requireEmbedded("backup", instead: "pg_dump")
        do {
            let database = try await SQLiteDatabase.openReadOnly(path: files.database)
            let backup = try await database.backup(to: file)
            await database.close()
            print("\(backup.path): \(backup.bytes) bytes, verified.")
        } catch let error as SQLError { throw BadInput("\(error)") }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the database's place; no server may run on it. What was there is kept beside it.")

    @Argument(help: "A backup of `mrmarket backup`.")
    var file: String

    func run() async throws {
        let files = try ServerFiles()
        try files.requireEmbedded("restore", instead: "pg_restore")
        do {
            let restored = try await SQLiteDatabase.restore(from: file, to: files.database)
            if let replaced = restored.replaced { print("What was there is kept as \(replaced).") }
            print("\(files.database): restored from \(file).")
        } catch let error as SQLError { throw BadInput("\(error)") }
    }
}

extension ServerFiles {
    fileprivate func requireEmbedded(_ command: String, instead tool: String) throws {
        if !isEmbedded {
            throw BadInput("DATABASE_URL: must be empty or sqlite: for `mrmarket \(command)`; PostgreSQL has \(tool)")
        }
    }
}
