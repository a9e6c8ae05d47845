import Foundation
import Testing

/// The paper exchange speaking Binance's protocols, as a process of its own.
final class BinanceServerProcess {
    struct Account: Sendable {
        var name: String
        var key: String
        var secret: String

        var option: String { "\(name):\(key):\(secret):USDT=1000000,BTC=10" }
        var credentials: String { "\(key):\(secret)" }
    }

    /// Keys as long as Binance's.
    static let alice = Account(
        name: "alice", key: String(repeating: "aliceKEY", count: 8), secret: String(repeating: "aliceSec", count: 8))
    static let bob = Account(
        name: "bob", key: String(repeating: "bobbyKEY", count: 8), secret: String(repeating: "bobbySec", count: 8))

    let port: Int
    private let process = Process()
    private let log: URL

    /// Starts the program and waits until it tells its port.
    init(
        folder: String, port: Int = 0, market: [String] = ["--generate", "1"], arguments: [String] = []
    ) async throws {
        log = URL(filePath: folder + "/exchange-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.executableURL = Program.executable
        process.arguments =
            [
                "paper-exchange", "--port", "\(port)", "--account", Self.alice.option, "--account", Self.bob.option,
                "--journal", folder + "/paper-exchange.db",
            ] + market + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder]
        process.currentDirectoryURL = URL(filePath: folder)
        let handle = try FileHandle(forWritingTo: log)
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.port = try await Self.port(in: log, of: process)
    }

    deinit {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    private static func port(in log: URL, of process: Process) async throws -> Int {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if let port = text.firstMatch(of: /listens on http:\/\/127\.0\.0\.1:(\d+)/).flatMap({ Int($0.1) }) {
                return port
            }
            guard process.isRunning, ContinuousClock.now < deadline else {
                process.terminate()
                throw ServerTimeout(what: "the paper exchange tells its port", log: text)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// What it has told so far, the last of it.
    var said: String { String(((try? String(contentsOf: log, encoding: .utf8)) ?? "").suffix(4_000)) }

    /// SIGKILL: nothing is told, nothing is finished.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func interrupt() -> Int32 {
        process.interrupt()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
