import Exchanges
import Foundation
import Logging
import Scheduling
import Synchronization
import TestSupport
import TradingCore

@testable import Networking

/// A real sidecar, in test mode, on a folder of the test's own.
struct TestSidecar: Sendable {
    let client: SidecarClient
    let setup: SidecarSetup

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    static let environment =
        ProcessInfo.processInfo.environment["CCXT_SIDECAR_VENV"] ?? repository + "/.build/sidecar"
    static let code = repository + "/Sidecar"

    /// Whether ./test could set it up.
    static let isSetUp = FileManager.default.fileExists(atPath: environment + "/mrmarket-pins")
    static let absence = "no sidecar: Scripts/setup-sidecar.sh needs PyPI once"

    /// - Parameter code: somebody else's, to be started in its place.
    static func with<Outcome>(
        manners: SidecarManners = SidecarManners(), code: String = TestSidecar.code,
        logger: Logger = Logger(label: "sidecar", factory: { _ in SwiftLogNoOpLogHandler() }),
        _ body: (TestSidecar) async throws -> Outcome
    ) async throws -> Outcome {
        let folder = try TemporaryFolder()
        var setup = try SidecarSetup(environment: environment, code: code, folder: folder.path)
        setup.isTest = true
        let client = SidecarClient(setup, manners: manners, time: SystemTime(), seed: 1, logger: logger)
        let running = Task { await client.run() }
        do {
            let outcome = try await body(TestSidecar(client: client, setup: setup))
            running.cancel()
            await running.value
            return outcome
        } catch {
            running.cancel()
            await running.value
            throw error
        }
    }

    func connected() async throws { try await wait("the sidecar is there") { client.condition.isConnected } }

    func misbehave(
        _ what: String, _ more: [JSONValue.Member] = [], within: Int64 = 10_000
    ) async
        -> Result<JSONValue, SidecarFailure>
    {
        do throws(SidecarFailure) {
            return .success(
                try await client.ask("misbehave", .object([.text("what", what)] + more), within: within))
        } catch { return .failure(error) }
    }

    /// Asks until something is so; fails after a minute.
    func wait(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        while try await !isSo() {
            guard clock.now < deadline else { throw WaitedInVain(what: what) }
            try await clock.sleep(for: .milliseconds(5))
        }
    }
}

struct WaitedInVain: Error { var what: String }

/// What was told, in order.
final class Heard<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    var all: [Value] { values.withLock { $0 } }
    func add(_ value: Value) { values.withLock { $0.append(value) } }
}
