import Foundation
import Testing

/// The paper exchange as a process of its own, which a test can kill apart from the server.
final class ExchangeProcess {
    private let process = Process()
    private let log: URL
    let socket: String

    /// Starts the program and waits until it listens.
    init(folder: String) async throws {
        socket = folder + "/exchange.sock"
        log = URL(filePath: folder + "/exchange-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.executableURL = Program.executable
        process.arguments = ["paper-exchange", "--socket", socket, "--journal", folder + "/data/paper-exchange.db"]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder]
        process.currentDirectoryURL = URL(filePath: folder)
        let handle = try FileHandle(forWritingTo: log)
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        try await waitUntilListening()
    }

    private func waitUntilListening() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        var looks = 0
        while true {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            if text.contains("listens on") { return }
            looks += 1
            guard ContinuousClock.now < deadline || looks < 100 else {
                throw ServerTimeout(what: "the exchange listens", log: text)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

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
