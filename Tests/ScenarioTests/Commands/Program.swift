import Foundation
import Testing

/// The built program, run as a person would run it.
struct Program {
    struct Result {
        var code: Int32
        var output: String
        var errors: String

        var errorLines: [Substring] { errors.split(separator: "\n") }
    }

    /// Beside the test bundle.
    static var executable: URL {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = folder.appendingPathComponent("mrmarket")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../.build/debug/mrmarket").standardizedFileURL
    }

    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()

    /// Starts the program.
    init(_ arguments: [String], environment: [String: String]? = nil) throws {
        process.executableURL = Program.executable
        process.arguments = arguments
        if let environment { process.environment = environment }
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    func interrupt() { process.interrupt() }

    func terminate() { process.terminate() }

    /// Looks at the process until it has a handler for a signal.
    /// - Returns: how many threads it has then; nil when it never gets one.
    func threadsWhenItCatches(_ signal: Int32) -> Int? {
        while process.isRunning {
            let path = "/proc/\(process.processIdentifier)/status"
            guard let status = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
            let fields = status.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
            func value(_ name: String) -> Substring? { fields.first { $0.first == name[...] }?.last }
            let caught = value("SigCgt:").flatMap { UInt64($0, radix: 16) } ?? 0
            if caught & (1 << UInt64(signal - 1)) != 0 { return value("Threads:").flatMap { Int($0) } }
        }
        return nil
    }

    /// The next bytes of standard error, blocking until there are some or it is closed.
    func nextErrors() -> String { String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self) }

    func finish() -> Result {
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Result(code: process.terminationStatus, output: text, errors: errorText)
    }

    static func run(_ arguments: [String], environment: [String: String]? = nil) throws -> Result {
        try Program(arguments, environment: environment).finish()
    }
}
