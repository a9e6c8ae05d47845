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
            try await Self.check(file)
            let restored = try await SQLiteDatabase.restore(from: file, to: files.database)
            if let replaced = restored.replaced { print("What was there is kept as \(replaced).") }
            print("\(files.database): restored from \(file).")
        } catch let error as SQLError { throw BadInput("\(error)") }
    }

    /// Files of ours that are no server's database (the paper exchange's), and those of a newer server, are not taken.
    private static func check(_ file: String) async throws {
        let database: SQLiteDatabase
        // What cannot even be opened the restoring says better.
        do { database = try await SQLiteDatabase.openReadOnly(path: file) } catch is SQLError { return }
        let pending: [String]
        do { pending = try await Migrator(ServerMigrations.all).pending(database) } catch {
            await database.close()
            throw error
        }
        await database.close()
        if pending.count == ServerMigrations.all.count {
            throw BadInput("\(file) is no backup of a server: it holds none of its tables")
        }
    }
}

extension ServerFiles {
    fileprivate func requireEmbedded(_ command: String, instead tool: String) throws {
        if !isEmbedded {
            throw BadInput("DATABASE_URL: must be empty or sqlite: for `mrmarket \(command)`; PostgreSQL has \(tool)")
        }
    }
}
