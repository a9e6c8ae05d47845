import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// One life of the sidecar's process. It ends when its standard input does, so it does not outlive us, however we end.
final class SidecarProcess: Sendable {
    private struct State {
        var hasEnded = false
        var status: Int32 = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// The last of what it said on its standard error.
        var lastWords = ""
    }

    let pid: Int32
    private let input: FileHandle
    private let shared: Shared

    /// Apart, for the handlers that outlive the making.
    private final class Shared: Sendable {
        let state = Mutex(State())

        func ended(_ status: Int32) {
            let waiters = state.withLock { state in
                state.hasEnded = true
                state.status = status
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        func said(_ text: String) {
            state.withLock { $0.lastWords = String(($0.lastWords + text).suffix(2_000)) }
        }
    }

    /// - Throws: when it cannot be started.
    init(_ setup: SidecarSetup) throws {
        let shared = Shared()
        let process = Process()
        process.executableURL = URL(filePath: setup.python)
        let socket = URL(filePath: setup.socket)
        // Addresses of sockets are short: the folder is where it works, and the path is relative to that.
        process.currentDirectoryURL = socket.deletingLastPathComponent()
        process.arguments =
            ["-m", "mrmarket_sidecar", "--socket", socket.lastPathComponent] + (setup.isTest ? ["--test"] : [])
        // Nothing of ours that it does not need: our secrets are in the environment.
        var environment = ["PYTHONPATH": URL(filePath: setup.code).path, "PYTHONDONTWRITEBYTECODE": "1"]
        for name in ["PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        process.environment = environment
        let (input, errors) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        process.terminationHandler = { process in shared.ended(process.terminationStatus) }
        try process.run()
        Self.listen(errors, shared)
        pid = process.processIdentifier
        self.input = input.fileHandleForWriting
        self.shared = shared
    }

    /// Until it is closed. On a thread of its own: a `readabilityHandler` that ends with its handle closes the descriptor while libdispatch still
    /// waits for it, which now and then takes the whole process along (`_dispatch_event_loop_drain`, Swift 6.3 on Linux).
    private static func listen(_ errors: Pipe, _ shared: Shared) {
        let handle = errors.fileHandleForReading
        let thread = Thread {
            while let data = try? handle.read(upToCount: 4_096), !data.isEmpty {
                shared.said(String(decoding: data, as: UTF8.self))
            }
        }
        thread.name = "sidecar words"
        thread.start()
    }

    var hasEnded: Bool { shared.state.withLock { $0.hasEnded } }
    var lastWords: String { shared.state.withLock { $0.lastWords } }

    /// Ends it whatever it does, stopped or busy, and returns when it has ended.
    func kill() async {
        if !hasEnded { _ = Glibc.kill(pid, SIGKILL) }
        await ended()
        try? input.close()
    }

    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = shared.state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if isOver { continuation.resume() }
        }
    }
}
