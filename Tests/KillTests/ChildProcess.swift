import Dispatch
import Foundation
import Glibc

/// A process started to be killed: its lines as they come, and how it ended.
struct ChildProcess {
    enum End: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    struct CannotStart: Error { var program: String, code: Int32 }

    private let id: pid_t
    private let output: FileHandle

    /// Beside the test bundle.
    static let program: String = {
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "crash-child")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside.path }
        return URL(filePath: #filePath).appending(path: "../../../.build/debug/crash-child").standardizedFileURL.path
    }()

    /// Starts a program. What it writes to standard error goes to ours.
    init(_ program: String = Self.program, _ arguments: [String], environment: [String: String] = [:]) throws {
        var ends: [Int32] = [0, 0]
        // Closed in whatever else is being started, from its first moment on, or the end of the lines would not be seen; for
        // that a pair of sockets can be asked, and a pipe cannot.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw CannotStart(program: "socketpair", code: errno) }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FAULTVFS_") }
        let variables =
            inherited.merging(environment) { $1 }.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") }
            + [nil]
        defer { for text in words + variables { free(text) } }
        var id = pid_t()
        let code = posix_spawn(&id, program, &actions, nil, words, variables)
        guard code == 0 else {
            close(ends[0])
            throw CannotStart(program: program, code: code)
        }
        self.id = id
        output = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    }

    /// Reads every line until the process ends.
    /// - Parameter line: told each line as it comes; blocks the child no further than a pipe does.
    func follow(_ line: (String) -> Void) -> End {
        var rest = Data()
        while case let data = output.availableData, !data.isEmpty {
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
                rest = rest[(end + 1)...]
            }
        }
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
    }

    /// Runs a child to its end, on a thread of its own.
    /// - Parameter acknowledged: told how many lines `kept` or `refused` there have been, after each.
    static func run(
        _ arguments: [String], environment: [String: String],
        acknowledged: @escaping @Sendable (Int, ChildProcess) -> Void = { _, _ in }
    ) async throws -> (lines: [String], end: End) {
        try await onThreadOfItsOwn {
            let child = try ChildProcess(Self.program, arguments, environment: environment)
            var lines: [String] = []
            var count = 0
            let end = child.follow { line in
                lines.append(line)
                guard line.hasPrefix("kept") || line.hasPrefix("refused") else { return }
                count += 1
                acknowledged(count, child)
            }
            return (lines, end)
        }
    }

    func kill() { Glibc.kill(id, SIGKILL) }
}

/// Runs what blocks where it holds up no task.
func onThreadOfItsOwn<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
}
