import Foundation
import Persistence
import TestSupport

/// A PostgreSQL server of one test's own, to be killed. It sorts and syncs as the tests' common one does, see
/// Scripts/test-postgres.sh.
final class PostgresServer: Sendable {
    struct Failed: Error { var command: String, output: String }

    let url: String
    private let folder: String
    private let port: Int

    /// The newest version that is installed.
    static let programs: String? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.compactMap { Int($0) }.max().map { "\(root)/\($0)/bin" }
    }()

    static var isAvailable: Bool { programs != nil && DatabaseEngine.hasPostgres }

    private init() throws {
        folder = "/var/tmp/mrmarket-kill-\(UUID().uuidString)"
        port = Int.random(in: 20_000..<30_000)
        url = "postgres://mrmarket@127.0.0.1:\(port)/postgres"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if geteuid() == 0 { _ = try Self.run("chown postgres '\(folder)'", asOwner: false) }
        try Self.run(
            "initdb -D '\(folder)/data' -U mrmarket -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en"
        )
        try start()
    }

    static func start() async throws -> PostgresServer { try await onThreadOfItsOwn { try PostgresServer() } }

    deinit {
        _ = try? Self.run("pg_ctl -D '\(folder)/data' -m immediate -w stop")
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func start() throws {
        try Self.run(
            """
            pg_ctl -D '\(folder)/data' -w -t 60 -l '\(folder)/log' -o '-c listen_addresses=127.0.0.1 -c port=\(port) \
            -c unix_socket_directories=\(folder)' start
            """)
    }

    // MARK: - What can happen to it

    /// As when the machine stops: no checkpoint, no goodbye; and started again.
    func crash() throws {
        try Self.run("pg_ctl -D '\(folder)/data' -m immediate -w stop")
        try start()
    }

    /// Every connection is closed by the server.
    func cutConnections() throws {
        try psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL"
        )
    }

    /// SIGKILL to one backend: the server then throws all others out and recovers.
    func killBackend() throws {
        let answer = try psql(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL ORDER BY pid LIMIT 1"
        )
        guard let id = pid_t(answer.trimmingCharacters(in: .whitespacesAndNewlines)) else { return }
        kill(id, SIGKILL)
    }

    @discardableResult
    private func psql(_ statement: String) throws -> String { try Self.run("psql -Atc \"\(statement)\" '\(url)'") }

    /// Runs a command as PostgreSQL's user, which is not root.
    @discardableResult
    private static func run(_ command: String, asOwner: Bool = true) throws -> String {
        let script = "exec 2>&1; export PATH=\"\(programs ?? ""):$PATH\"; cd /; \(command)"
        let words = ["/bin/bash", "-c", script]
        // Not Foundation's `Process`: it waits for whatever the program has left running, and that is the server.
        let child =
            asOwner && geteuid() == 0
            ? try ChildProcess("/usr/sbin/runuser", ["-u", "postgres", "--"] + words)
            : try ChildProcess(words[0], Array(words[1...]))
        var lines: [String] = []
        let end = child.follow { lines.append($0) }
        let text = lines.joined(separator: "\n")
        guard end == .exited(0) else { throw Failed(command: command, output: text) }
        return text
    }
}
