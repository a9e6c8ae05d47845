import API
import ArgumentParser
import ExchangeKeys
import Exchanges
import Foundation
import Persistence
import Scheduling
import TradingCore

/// Keys of exchange accounts where no server runs.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Look at stored exchange keys, take them out, change what they are sealed to.",
        subcommands: [List.self, Check.self, Remove.self, Rotate.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every stored key, without its secrets.")

        func run() async throws {
            try await KeysCommand.with { opened in
                for key in try await opened.database.read({ try StoredSecrets(transaction: $0).keys() }) {
                    let rights = key.permissions.names.joined(separator: "+")
                    print("\(key.id)\t\(key.exchange)/\(key.label)\t\(key.purpose)\t\(rights)\t\(key.name)")
                }
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Whether every stored secret opens with the encryption key; exit code 2 if not.")

        func run() async throws {
            try await KeysCommand.with { opened in
                let (key, _) = try await KeyServices.encryption(
                    opened.files, opened.secrets, opened.database, SystemTime().now())
                print("Every stored secret opens with the key whose public half is \(key.publicText).")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a key out, also one whose secret does not open.")

        @Argument(help: "The number that `mrmarket keys list` shows.") var id: Int64

        func run() async throws {
            let (id, now) = (id, SystemTime().now())
            try await KeysCommand.with { opened in
                do {
                    guard
                        try await opened.database.write({ try StoredSecrets(transaction: $0).remove(id, now: now) })
                    else { throw BadInput("key \(id): must be one that `mrmarket keys list` shows") }
                } catch let error as ExchangeKeyError { throw BadInput("\(error)") }
                print("Removed key \(id).")
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new encryption key and seal everything to it.",
            discussion: """
                The old key is kept beside the new one, as backups made before are sealed to it. Where \
                ENCRYPTION_PRIVATE_KEY is set, the new key is read from ENCRYPTION_PRIVATE_KEY_NEXT, and has to be put in \
                its place afterwards.
                """)

        func run() async throws {
            try await KeysCommand.with { opened in
                let now = SystemTime().now()
                let (old, file) = try await KeyServices.encryption(opened.files, opened.secrets, opened.database, now)
                do {
                    if let file {
                        let (new, count) = try await KeyRotation.perform(from: old, file, opened.database, now: now)
                        print(
                            "Sealed \(count) keys to the new key, public half \(new.publicText), kept in \(file.present)."
                        )
                    } else {
                        let new = try Self.next()
                        let count = try await opened.database.write {
                            try KeyRotation(from: old, to: new).carryOut($0, now: now)
                        }
                        print(
                            "Sealed \(count) keys to the key of ENCRYPTION_PRIVATE_KEY_NEXT. Set ENCRYPTION_PRIVATE_KEY to it now."
                        )
                    }
                } catch let error as ExchangeKeyError { throw BadInput("\(error)") }
            }
        }

        private static func next() throws -> EncryptionKey {
            let text = ProcessInfo.processInfo.environment["ENCRYPTION_PRIVATE_KEY_NEXT"] ?? ""
            guard let key = EncryptionKey(base64: Secret(text)) else {
                throw BadInput(
                    "ENCRYPTION_PRIVATE_KEY_NEXT=***: must be base64 of at least 32 bytes, as ENCRYPTION_PRIVATE_KEY comes from the environment"
                )
            }
            return key
        }
    }

    /// What every one of them works on.
    struct Opened: Sendable {
        var files: ServerFiles
        var secrets: ServerSecrets
        var database: any SQLDatabase
    }

    /// - Throws: ``BadInput``.
    static func with(_ body: (Opened) async throws -> Void) async throws {
        ProcessHardening.apply()
        let files = try ServerFiles()
        let database = try await files.openDatabase().database
        let secrets: ServerSecrets
        do {
            secrets = try ServerSecrets.load(files.configuration, hasDatabase: true, random: SystemRandom())
        } catch { throw BadInput(error.lines.joined(separator: "\nmrmarket: ")) }
        do { try await body(Opened(files: files, secrets: secrets, database: database)) } catch let error as SQLError {
            await database.close()
            throw BadInput("\(error)")
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }
}
