import Foundation
import TestSupport
import Testing

/// Clients that nobody here wrote, unmodified, trading on the paper exchange: each script in `Tests/Clients` as a process,
/// against an exchange of its own.
@Suite(.serialized) struct ClientScriptTests {
    struct Script: Sendable, CustomTestStringConvertible {
        var package: String
        var file: String
        /// The virtual environment it runs in, made by `Scripts/setup-clients.sh`.
        var environment = "clients"
        /// What the exchange is told besides.
        var arguments: [String] = []

        var testDescription: String { package }
        var python: URL { Script.root.appendingPathComponent(".build/venv-\(environment)/bin/python3") }
        var path: URL { Script.root.appendingPathComponent("Tests/Clients/\(file)") }
        var isThere: Bool { FileManager.default.isExecutableFile(atPath: python.path) }

        /// The project's own folder.
        static let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../..").standardizedFileURL

        static let all = [
            Script(package: "ccxt", file: "ccxt_rest.py"),
            Script(package: "ccxt.pro", file: "ccxt_streams.py"),
            Script(package: "python-binance", file: "python_binance.py", environment: "python-binance"),
            Script(package: "binance-connector", file: "binance_connector.py", arguments: ["--listen-keys"]),
            Script(package: "binance-sdk-spot", file: "binance_sdk.py"),
            Script(
                package: "binance-sdk-spot with an Ed25519 key", file: "ed25519_keys.py",
                arguments: ["--accounts", root.appendingPathComponent("Tests/Clients/ed25519_accounts.json").path]),
        ]
        static let areThere = all.allSatisfy(\.isThere)
    }

    @Test(
        .enabled(if: Script.areThere, "Scripts/setup-clients.sh makes the clients' environments; they are not here"),
        .timeLimit(.minutes(5)), arguments: Script.all)
    func `trades on the paper exchange`(_ script: Script) async throws {
        let folder = try TemporaryFolder()
        let exchange = try await BinanceServerProcess(folder: folder.path, arguments: script.arguments)
        let outcome = try await script.run(port: exchange.port, folder: folder.path)
        #expect(
            outcome.code == 0,
            "\(script.file) ended with \(outcome.code):\n\(outcome.text)\nThe exchange said:\n\(exchange.said)")
        #expect(outcome.text.contains("ok: the whole s"))
        // Traffic that it was not made for has not taken it down.
        #expect(exchange.interrupt() == 0, "\(exchange.said)")
    }
}

extension ClientScriptTests.Script {
    struct Outcome {
        var code: Int32
        var text: String
    }

    /// Runs it to its end, or stops it after four minutes.
    func run(port: Int, folder: String) async throws -> Outcome {
        let log = URL(filePath: folder + "/client.log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = python
        process.arguments = [
            "-B", "-u", path.path, "--port", "\(port)", "--alice", BinanceServerProcess.alice.credentials, "--bob",
            BinanceServerProcess.bob.credentials,
        ]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder, "NO_PROXY": "127.0.0.1"]
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let deadline = ContinuousClock.now + .seconds(240)
        while process.isRunning {
            if ContinuousClock.now > deadline { Foundation.kill(process.processIdentifier, SIGKILL) }
            try await Task.sleep(for: .milliseconds(50))
        }
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return Outcome(code: process.terminationStatus, text: text)
    }
}
