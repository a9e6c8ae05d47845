import Foundation
import Persistence
import TestSupport
import Testing

/// What operators run beside a server, or in its absence: verify, show, back up, restore.
@Suite(.serialized) struct MoneyCommandTests {
    private static func settings(_ folder: TemporaryFolder, _ port: Int) -> [String: String] {
        ["DATABASE_PATH": folder.path + "/data/mr_market.db", "PORT": "\(port)"]
    }

    @Test func `a drill: back up a trading server, lose its database, put the backup back, trade on`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let settings = Self.settings(folder, port)
        var server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting") { try await server.get("/health/trading").text.contains("\"openOrders\":4") }
        let backup = folder.path + "/backup.db"
        let taken = try Program.run(["backup", backup], environment: settings)
        #expect(taken.code == 0, "\(taken.errors)")
        #expect(taken.output.contains("verified"))
        // The server holds the file: nothing may be put in its place.
        let refused = try Program.run(["restore", backup], environment: settings)
        #expect(refused.code == 2)
        #expect(refused.errors.contains("in use"), "\(refused.errors)")
        server.kill()
        let before = try await Self.orderIDs(folder)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: folder.path + "/data/mr_market.db" + suffix)
        }
        let restored = try Program.run(["restore", backup], environment: settings)
        #expect(restored.code == 0, "\(restored.errors)")
        let verified = try Program.run(["ledger", "verify"], environment: settings)
        #expect(verified.code == 0, "\(verified.output) \(verified.errors)")
        #expect(verified.output.hasPrefix("Sound: "))
        server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting again") {
            try await server.get("/health/trading").text.contains("\"openOrders\":4")
        }
        #expect(server.interrupt() == 0, "\(server.log)")
        // The orders that rested have been taken off now: the next start makes new ones.
        server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting anew") {
            try await server.get("/health/trading").text.contains("\"openOrders\":4")
        }
        #expect(server.interrupt() == 0, "\(server.log)")
        #expect(try Program.run(["ledger", "verify"], environment: settings).code == 0)
        // None of the ids that the exchange saw before the loss is given to another order, also of those the backup has not.
        let after = try await Self.orderIDs(folder).subtracting(before)
        #expect(!after.isEmpty && after.allSatisfy { id in before.allSatisfy { id > $0 + 1_000_000 } })
    }

    private static func orderIDs(_ folder: TemporaryFolder) async throws -> Set<Int64> {
        let database = try await SQLiteDatabase.openReadOnly(path: folder.path + "/data/mr_market.db")
        let ids = try await database.read { transaction in
            Set(try transaction.rows("SELECT client_order_id FROM orders").map { try $0.get(0, as: Int64.self) })
        }
        await database.close()
        return ids
    }

    @Test func `a changed amount is found and named, and the exit code says so`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let settings = Self.settings(folder, port)
        let server = try await ServerProcess(folder: folder.path, port: port, arguments: ["--example"])
        try await server.wait("quoting") { try await server.get("/health/trading").text.contains("\"openOrders\":4") }
        #expect(server.interrupt() == 0)
        let shown = try Program.run(["ledger", "show", "world:paper:default/USDT"], environment: settings)
        #expect(shown.output.contains("available -1000000"), "\(shown.output) \(shown.errors)")
        let database = try await SQLiteDatabase.open(path: folder.path + "/data/mr_market.db")
        _ = try await database.write { transaction in
            try transaction.execute(
                """
                UPDATE ledger_accounts SET available = '2000000' WHERE path = 'unallocated:paper:default/USDT'
                """)
        }
        await database.close()
        let verified = try Program.run(["ledger", "verify"], environment: settings)
        #expect(verified.code == 1)
        #expect(verified.output.contains("unallocated:paper:default/USDT"))
        #expect(verified.output.contains("NOT SOUND"))
    }

    @Test func `the example strategy can be stored before the first start, once`() async throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.next()
        let settings = Self.settings(folder, port)
        let first = try Program.run(["seed"], environment: settings)
        #expect(first.code == 0 && first.output.hasPrefix("Stored"), "\(first.output) \(first.errors)")
        let second = try Program.run(["seed"], environment: settings)
        #expect(second.code == 0 && second.output.contains("nothing was stored"), "\(second.errors)")
        let server = try await ServerProcess(folder: folder.path, port: port)
        try await server.wait("quoting") { try await server.get("/health/trading").text.contains("\"openOrders\":4") }
        #expect(server.interrupt() == 0)
        let exchange = folder.path + "/data/paper-exchange.db"
        let refused = try Program.run(["restore", exchange], environment: settings)
        #expect(refused.code == 2 && refused.errorLines.count == 1, "\(refused.errors)")
    }

    @Test func `bad input ends in one clear line`() throws {
        let folder = try TemporaryFolder()
        let settings = Self.settings(folder, 0)
        let account = try Program.run(["ledger", "show", "nonsense"], environment: settings)
        #expect(account.code == 2)
        #expect(account.errors.contains("ACCOUNT nonsense: "))
        let url = try Program.run(["migrate"], environment: ["DATABASE_URL": "mysql://x"])
        #expect(url.code == 2)
        #expect(url.errorLines.count == 1 && url.errors.contains("DATABASE_URL"), "\(url.errors)")
        let none = try Program.run(["backup", folder.path + "/b.db"], environment: settings)
        #expect(none.code == 2)
        let corrupt = try folder.write("SQLite format 3\0" + String(repeating: "x", count: 4_096), to: "bad.db")
        let restored = try Program.run(["restore", corrupt], environment: settings)
        #expect(restored.code == 2)
        #expect(restored.errorLines.count == 1, "\(restored.errors)")
    }

    @Test func `restoring a file that was cut off ends in one clear line, and nothing is replaced`() throws {
        let folder = try TemporaryFolder()
        let settings = Self.settings(folder, 0)
        #expect(try Program.run(["seed"], environment: settings).code == 0)
        let backup = folder.path + "/backup.db"
        #expect(try Program.run(["backup", backup], environment: settings).code == 0)
        let whole = try Data(contentsOf: URL(filePath: backup))
        let database = URL(filePath: try #require(settings["DATABASE_PATH"]))
        let before = try Data(contentsOf: database)
        for length in [50, 100, 4_096, whole.count / 2, whole.count - 1] {
            let cut = folder.path + "/cut.db"
            try whole.prefix(length).write(to: URL(filePath: cut))
            let refused = try Program.run(["restore", cut], environment: settings)
            #expect(refused.code == 2)
            #expect(refused.output == "")
            #expect(refused.errorLines.count == 1 && refused.errors.contains(cut), "\(length): \(refused.errors)")
            #expect(!refused.errors.contains("SQLite error"), "\(refused.errors)")
        }
        #expect(try Data(contentsOf: database) == before)
        #expect(try Program.run(["restore", backup], environment: settings).code == 0)
    }

    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `the same server runs on PostgreSQL, survives SIGKILL there, and its ledger is sound`() async throws {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { database in
            let folder = try TemporaryFolder()
            let port = try FreePort.next()
            var settings = Self.settings(folder, port)
            settings["DATABASE_URL"] = database
            let environment = ["DATABASE_URL": database]
            var server = try await ServerProcess(
                folder: folder.path, port: port, arguments: ["--example"], environment: environment)
            try await server.wait("quoting") {
                try await server.get("/health/trading").text.contains("\"openOrders\":4")
            }
            server.kill()
            server = try await ServerProcess(
                folder: folder.path, port: port, arguments: ["--example"], environment: environment)
            try await server.wait("quoting again") {
                try await server.get("/health/trading").text.contains("\"openOrders\":4")
            }
            #expect(server.interrupt() == 0, "\(server.log)")
            let verified = try Program.run(["ledger", "verify"], environment: settings)
            #expect(verified.code == 0, "\(verified.output) \(verified.errors)")
        }
    }

    /// Each in a folder of its own, as on machines of their own; only database and exchange are shared.
    @Test(.enabled(if: DatabaseEngine.hasPostgres, Comment(rawValue: DatabaseEngine.postgresAbsence)))
    func `of two servers on one PostgreSQL the second stands by, says so, and goes on when the first is killed`()
        async throws
    {
        let url = try #require(DatabaseEngine.postgresURL)
        try await withTemporaryPostgres(on: url) { database in
            let folders = [try TemporaryFolder(), try TemporaryFolder()]
            let exchange = try await ExchangeProcess(folder: folders[0].path)
            defer { exchange.kill() }
            func serve(_ number: Int, standsBy: Bool = false) async throws -> ServerProcess {
                // Servers that share a database share the key of its secrets: the first one's.
                let key = try? String(contentsOfFile: folders[0].path + "/data/encryption-private-key", encoding: .utf8)
                return try await ServerProcess(
                    folder: folders[number].path, port: try FreePort.next(),
                    arguments: ["--example", "--exchange-socket", exchange.socket],
                    // The same name twice, as by mistake.
                    environment: [
                        "DATABASE_URL": database,
                        "ENCRYPTION_PRIVATE_KEY": key?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "",
                    ], standsBy: standsBy)
            }
            let first = try await serve(0)
            func quotes(_ server: ServerProcess) async throws -> Bool {
                try await server.get("/health/trading").text.contains("\"openOrders\":4")
            }
            try await first.wait("quoting") { try await quotes(first) }
            let second = try await serve(1, standsBy: true)
            try await second.wait("it says so") {
                let (status, text) = try await second.get("/health/ready")
                return status == 503 && text.contains("standing by: server local trades on this database")
            }
            #expect(try await quotes(first))
            first.kill()
            try await second.wait("quoting again") { try await quotes(second) }
            #expect(second.interrupt() == 0, "\(second.log)")
        }
    }
}
