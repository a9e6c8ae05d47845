import Dispatch
import Foundation
import Persistence

/// A PostgreSQL server of a test's own, to be stopped, killed and started again while others run on the shared one. It syncs
/// to disk as a real one does.
public final class TemporaryPostgresServer: Sendable {
    /// Of its database `postgres`, whose role may do anything.
    public let url: String
    private let folder: String
    private let port: Int

    /// Where the server's programs are, if they are.
    private static let programs: String? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.compactMap(Int.init).max().map { "\(root)/\($0)/bin" }
    }()

    public static var isAvailable: Bool { DatabaseEngine.hasPostgres && programs != nil }

    private init(folder: String, port: Int) {
        self.folder = folder
        self.port = port
        url = "postgres://mrmarket@127.0.0.1:\(port)/postgres"
    }

    public static func start() async throws -> TemporaryPostgresServer {
        let folder = "/tmp/mrmarket-server-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if getuid() == 0 { try await command("/usr/bin/env", ["chown", "postgres", folder]) }
        let server = TemporaryPostgresServer(folder: folder, port: try FreePort.next())
        try await run(
            "initdb",
            ["-D", folder + "/data", "-U", "mrmarket", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"])
        try await server.launch()
        return server
    }

    /// - Parameter mode: `immediate` is a crash, `fast` an orderly end.
    public func stop(_ mode: String) async throws {
        try await Self.run("pg_ctl", ["-D", folder + "/data", "-m", mode, "-w", "stop"])
    }

    public func launch() async throws {
        let settings =
            "-c listen_addresses=127.0.0.1 -c port=\(port) -c unix_socket_directories=\(folder) -c shared_buffers=32MB "
            + "-c fsync=on -c recovery_init_sync_method=syncfs"
        try await Self.run(
            "pg_ctl", ["-D", folder + "/data", "-w", "-l", folder + "/log", "-o", settings, "start"])
    }

    /// The end of it and of its files.
    public func remove() async {
        try? await stop("immediate")
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func run(_ program: String, _ arguments: [String]) async throws {
        guard let programs else { throw PostgresIsAbsent() }
        let whole = ["\(programs)/\(program)"] + arguments
        // The server refuses to run as root.
        try await command("/usr/bin/env", getuid() == 0 ? ["runuser", "-u", "postgres", "--"] + whole : whole)
    }

    private static func command(_ path: String, _ arguments: [String]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue(label: "mrmarket.test.command").async {
                continuation.resume(with: Result { try runNow(path, arguments) })
            }
        }
    }

    /// Not by Foundation's `Process`, which waits for the server too: it inherits what is waited on.
    private static func runNow(_ path: String, _ arguments: [String]) throws {
        let script = "cd / && exec \"$0\" \"$@\" </dev/null >/dev/null 2>&1"
        var words = (["/bin/sh", "-c", script, path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        var status: Int32 = 0
        guard posix_spawn(&process, "/bin/sh", nil, nil, &words, environ) == 0, waitpid(process, &status, 0) == process,
            status == 0
        else { throw CommandFailed(command: arguments.joined(separator: " ")) }
    }
}

public struct CommandFailed: Error {
    public let command: String
}
