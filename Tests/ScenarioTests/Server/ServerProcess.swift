import API
import Exchanges
import Foundation
import Testing
import TradingCore

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A server as an operator runs it: the real program, on a port of its own, in a folder of its own.
final class ServerProcess {
    private let process = Process()
    private let errors: URL
    let port: Int
    let folder: String
    private var token: String?

    /// Starts the program and waits until it is ready, or, where it is to stand by, until it lives.
    init(
        folder: String, port: Int, arguments: [String] = [], environment: [String: String] = [:],
        descriptors: Int? = nil, patience: Double = 30, standsBy: Bool = false
    ) async throws {
        self.folder = folder
        self.port = port
        errors = URL(filePath: folder + "/server-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        process.executableURL = Program.executable
        process.arguments = ["serve"] + arguments
        if let descriptors {
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptors); exec \"$0\" serve \"$@\"", Program.executable.path] + arguments
        }
        process.environment = [
            "DATABASE_PATH": folder + "/data/mr_market.db", "PORT": "\(port)", "THROTTLE_LIMIT": "1000000",
            "THROTTLE_LOGIN_LIMIT": "1000000", "PATH": "/usr/bin:/bin", "HOME": folder,
        ].merging(environment) { $1 }
        process.currentDirectoryURL = URL(filePath: folder)
        let handle = try FileHandle(forWritingTo: errors)
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let path = standsBy ? "/health/live" : "/health/ready"
        try await wait("the server is ready", seconds: patience) { try await self.get(path).status == 200 }
    }

    var processIdentifier: Int32 { process.processIdentifier }

    deinit {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    var isRunning: Bool { process.isRunning }

    /// SIGKILL: nothing is told, nothing is finished.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Ctrl-C.
    /// - Returns: the exit code.
    func interrupt() -> Int32 {
        process.interrupt()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func get(_ path: String) async throws -> (status: Int, text: String) { try await send("GET", path, nil) }

    func post(_ path: String, _ body: String) async throws -> (status: Int, text: String) {
        try await send("POST", path, body)
    }

    /// What posts many at once, in about this order, and tells their statuses and bodies once all are answered.
    func posting(
        _ path: String, _ bodies: [String]
    ) throws -> @Sendable () async throws -> [(status: Int, text: String)] {
        let requests = try bodies.map { try request("POST", path, $0) }
        let configuration = URLSessionConfiguration.default
        // Six at most, if it is not told otherwise: the others would wait here.
        configuration.httpMaximumConnectionsPerHost = bodies.count
        let session = URLSession(configuration: configuration)
        return {
            try await withThrowingTaskGroup(of: (Int, String).self) { group in
                for request in requests { group.addTask { try await Self.carryOut(request, session) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
    }

    private func send(_ method: String, _ path: String, _ body: String?) async throws -> (status: Int, text: String) {
        try await Self.carryOut(try request(method, path, body))
    }

    private func request(_ method: String, _ path: String, _ body: String?) throws -> URLRequest {
        guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else { throw URLError(.badURL) }
        var request = URLRequest(url: url, timeoutInterval: 20)
        request.httpMethod = method
        if let body {
            request.httpBody = Data(body.utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        return request
    }

    private static func carryOut(
        _ request: URLRequest, _ session: URLSession = .shared
    ) async throws -> (status: Int, text: String) {
        let (data, response) = try await session.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }

    func logIn() async throws {
        let password = try String(contentsOfFile: folder + "/data/admin-password", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let answer = try await post("/auth/login", "{\"password\":\"\(AdminPassword.hash(Secret(password)))\"}")
        guard case .string(let token)? = try JSONValue(answer.text)["access_token"] else {
            throw URLError(.userAuthenticationRequired)
        }
        self.token = token
    }

    func wait(_ what: String, seconds: Double = 30, _ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var attempts = 0
        while true {
            if (try? await isSo()) == true { return }
            attempts += 1
            // Beside a hundred busy tests a minute may pass between two looks: time alone proves nothing.
            guard ContinuousClock.now < deadline || attempts < 100 else {
                let ready = (try? await get("/health/ready").text) ?? "nothing"
                let words = log.split(separator: "\n").filter { !$0.hasSuffix("[API] request") }.suffix(30)
                throw ServerTimeout(what: what, log: words.joined(separator: "\n") + "\n/health/ready: \(ready)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

struct ServerTimeout: Error, CustomStringConvertible {
    let what: String
    let log: String
    var description: String { "waited in vain until \(what); the log ends with\n\(log)" }
}
