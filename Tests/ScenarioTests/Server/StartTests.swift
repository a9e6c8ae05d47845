import Foundation
import Persistence
import TestSupport
import Testing

/// The first moments of a server, as its operator sees them.
@Suite(.serialized) struct StartTests {
    @Test func `a password that an earlier start did not live to show is shown, once`() async throws {
        let folder = try TemporaryFolder()
        let data = folder.path + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        for (file, text) in [("admin-password.unshown", ""), ("admin-password", "made-before\n")] {
            #expect(FileManager.default.createFile(atPath: data + "/" + file, contents: Data(text.utf8)))
        }
        let port = try FreePort.next()
        let server = try await ServerProcess(folder: folder.path, port: port)
        try await server.wait("it is shown") { server.log.contains("Admin password: made-before ") }
        try await server.wait("the mark is gone") {
            !FileManager.default.fileExists(atPath: data + "/admin-password.unshown")
        }
        #expect(server.interrupt() == 0)
        let next = try await ServerProcess(folder: folder.path, port: port)
        #expect(next.interrupt() == 0)
        #expect(next.log.contains("Mr.Market listens on"))
        #expect(!next.log.contains("Admin password"), "\(next.log)")
    }

    @Test func `books that did not add up before a restart are a fault after it`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/data/mr_market.db"
        #expect(try Program.run(["migrate"], environment: ["DATABASE_PATH": path]).code == 0)
        let database = try await SQLiteDatabase.open(path: path)
        _ = try await database.write { transaction in
            try transaction.execute(
                """
                INSERT INTO jobs (queue, kind, arguments, priority, state, attempts, maximum_rescues,
                    is_discarded_when_exhausted, dead_letter_holds_key, is_removed_when_finished, enqueued_at, run_at,
                    reason)
                VALUES ('maintenance', 'ledger.verify', '{}', 0, 'dead', 3, 5, 0, 0, 0, 1, 1,
                    'the books do not add up: 1 findings: balance: order:7/USDT: expected 1, found 2')
                """)
        }
        await database.close()
        let server = try await ServerProcess(
            folder: folder.path, port: try FreePort.next(), standsBy: true)
        let line = " critical mrmarket: [mrmarket] the ledger does not add up, as job 1 "
        #expect(server.log.contains(line), "\(server.log)")
        #expect(try await server.get("/health").status == 503)
        let ready = try await server.get("/health/ready")
        #expect(ready.status == 503 && ready.text.contains("balance: order:7/USDT"), "\(ready.text)")
        try await server.logIn()
        #expect(try await server.post("/admin/jobs/1/discard", "").status == 200)
        try await server.wait("it is ready") { try await server.get("/health/ready").status == 200 }
        #expect(try await server.get("/health").status == 200)
        #expect(server.interrupt() == 0)
    }

    /// A database server that takes the connection and says nothing keeps the start from going on.
    @Test func `Ctrl-C while the server is still opening its database ends it with a clear line`() throws {
        let folder = try TemporaryFolder()
        let silent = try SilentListener()
        let program = try Program(
            ["serve"],
            environment: [
                "DATABASE_PATH": folder.path + "/mr_market.db", "PORT": "\(try FreePort.next())",
                "DATABASE_URL": "postgres://trader@127.0.0.1:\(silent.port)/market", "PATH": "/usr/bin:/bin",
            ])
        #expect(silent.isConnected(), "the start never asked")
        program.interrupt()
        let result = program.finish()
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.errorLines.last == "Stopped before trading began: nothing was placed or cancelled.")
        #expect(!result.errors.contains("critical"))
    }

    /// Without that it is the default death, of which nobody says anything. A process has one thread until its program begins.
    @Test func `a signal is answered before the program has begun`() throws {
        let folder = try TemporaryFolder()
        var wasEarly = false
        for _ in 0..<20 where !wasEarly {
            let program = try Program(
                ["serve"],
                environment: [
                    "DATABASE_PATH": folder.path + "/x.db", "PORT": "\(try FreePort.next())",
                    "PATH": "/usr/bin:/bin",
                ])
            let threads = program.threadsWhenItCatches(SIGTERM)
            program.terminate()
            let result = program.finish()
            #expect(result.code == 0, "\(result.code) \(result.errors)")
            #expect(result.errorLines.last == "Stopped before trading began: nothing was placed or cancelled.")
            wasEarly = threads == 1
        }
        #expect(wasEarly)
    }

    @Test func `a feed that is not there is bad input like any other`() throws {
        let result = try Program.run(
            ["serve", "--feed", "/nope.gz"],
            environment: ["PORT": "\(try FreePort.next())", "PATH": "/usr/bin:/bin"])
        #expect(result.code == 2)
        #expect(result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.hasPrefix("mrmarket: ") && result.errors.contains("/nope.gz"), "\(result.errors)")
    }

    @Test func `commands on a database that is not there say that`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none.db"
        for command in [["ledger", "verify"], ["ledger", "show"], ["backup", folder.path + "/copy.db"]] {
            let result = try Program.run(command, environment: ["DATABASE_PATH": path, "PATH": "/usr/bin:/bin"])
            #expect(result.code == 2)
            #expect(result.errors == "mrmarket: \(path): there is no such file\n")
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: ["halt", "reduce", "resume"])
    func `a state set in another folder than the server's is set for nobody, and says so`(command: String) throws {
        let folder = try TemporaryFolder()
        let result = try Program.run(
            [command],
            environment: [
                "PORT": "\(try FreePort.next())", "PATH": "/usr/bin:/bin", "DATABASE_PATH": folder.path + "/none/x.db",
            ])
        #expect(result.code == 2 && result.output.isEmpty, "\(result.output)")
        #expect(result.errors.contains("there is no such database") && result.errors.contains("DATABASE_PATH"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    /// Only root may mount a disk that is full.
    @Test(.enabled(if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")))
    func `a backup that does not fit names the file`() throws {
        let folder = try TemporaryFolder()
        let settings = ["DATABASE_PATH": folder.path + "/mr_market.db", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        #expect(try Program.run(["migrate"], environment: settings).code == 0)
        let disk = folder.path + "/disk"
        let (code, text) = try onSmallDisk(disk, "64k", settings, "exec \"$0\" backup \(disk)/copy.db")
        #expect(code == 2)
        #expect(text == "mrmarket: disk full: \(disk)/copy.db: the copy does not fit\n")
    }

    /// - Returns: of a shell script whose `$0` is the program, its exit code and all that was said.
    private func onSmallDisk(
        _ disk: String, _ size: String, _ environment: [String: String], _ script: String
    ) throws -> (code: Int32, text: String) {
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        process.arguments = [
            "-m", "/bin/sh", "-c", "mount -t tmpfs -o size=\(size) tmpfs \(disk) && cd \(disk) && \(script)",
            Program.executable.path,
        ]
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test(.enabled(if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")))
    func `a halt on a full disk while no server runs is kept beside the database, if there is anybody to halt`() throws
    {
        let folder = try TemporaryFolder()
        let disk = folder.path + "/disk"
        let settings = [
            "DATABASE_PATH": disk + "/x.db", "DATA_DIR": disk, "PORT": "\(try FreePort.next())",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        let (_, text) = try onSmallDisk(
            disk, "60m", settings,
            """
            "$0" migrate > /dev/null 2>&1; head -c 1048576 /dev/zero > x.db-halts; cat /dev/zero > fill 2> /dev/null
            "$0" resume; "$0" halt --session nobody; "$0" halt --account papr/default; "$0" halt
            grep -ac '"scope":"server"' x.db-halts; rm fill
            "$0" halt --account paper/default; grep -ac '"scope":"server"' x.db-halts
            head -c 4 x.db-halts | od -An -tu4
            """)
        let full = "mrmarket: disk full: \(disk)/x.db: database or disk is full"
        #expect(
            text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) } == [
                full, "mrmarket: --session nobody: must be a strategy key of this server",
                "mrmarket: --account papr/default: must be exchange/label of an account that this server has a strategy "
                    + "or key for",
                "HALTED for the whole server, from the next start on (no server runs).", "1",
                "HALTED for paper/default, from the next start on (no server runs).", "1",
                // Struck out: nothing is kept there any more.
                "0",
            ])
    }
}

/// Takes connections on a port of this machine, and never answers.
private final class SilentListener {
    let port: Int
    private let descriptor: Int32

    init() throws {
        port = try FreePort.next()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0 && listen(descriptor, 8) == 0)
    }

    /// Waits until somebody has connected.
    func isConnected() -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 60_000) == 1
    }

    deinit { close(descriptor) }
}
