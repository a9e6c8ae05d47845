import Crypto
import Exchanges
import Foundation
import Logging
import NIOCore
import Networking
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// An exchange at work on a port of its own, and clients that know nothing of it but what Binance documents.
final class SpotRunning: Sendable {
    let exchange: SpotExchange
    let port: Int
    private let tasks: [Task<Void, Never>]
    private let caller: HTTPCaller

    /// - Parameter disk: its database, and the room beside it; nil: opened at the path.
    init(_ path: String, _ configuration: SpotConfiguration, disk: FillableDisk? = nil) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let time = SystemTime()
        let exchange =
            if let disk {
                try await SpotExchange.open(
                    configuration, disk, reserve: .beside(path, logger), time: time, logger: logger)
            } else { try await SpotExchange.open(configuration, path: path, time: time, logger: logger) }
        self.exchange = exchange
        caller = try HTTPCaller(.init(deadline: 60_000, connecting: 60_000))
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let server = SpotServer(exchange, port: 0, time: time, logger: logger)
        tasks = [
            Task { await exchange.run() },
            Task {
                do { try await server.run { found.yield($0) } } catch { found.finish() }
            },
        ]
        var iterator = ports.makeAsyncIterator()
        port = try #require(await iterator.next())
    }

    func stop() async {
        for task in tasks.reversed() {
            task.cancel()
            await task.value
        }
        await caller.shutdown()
    }

    // MARK: - REST

    struct Answer {
        var status: Int
        var json: JSONValue
        var headers: [SignedRequest.Header]

        var code: Int? { if case .number(let text)? = json["code"] { Int(text) } else { nil } }
        func text(_ key: String) -> String? { if case .string(let text)? = json[key] { text } else { nil } }
        func number(_ key: String) -> Int64? { if case .number(let text)? = json[key] { Int64(text) } else { nil } }
        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    }

    enum Place { case query, body }

    static func signature(_ text: String, _ secret: String) -> String {
        let key = SymmetricKey(data: Array(secret.utf8))
        return HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    static func now() -> Int64 { SystemTime().now().nanoseconds / 1_000_000 }

    /// A request; signed for whoever asks.
    func ask(
        _ verb: EndpointRequest.Verb, _ path: String, _ query: String = "", as who: String? = nil,
        in place: Place = .query, at time: Int64? = nil, secret: String? = nil, key: String? = nil
    ) async throws -> Answer {
        var text = query
        var headers: [SignedRequest.Header] = []
        // Signed already, or not to be.
        if let key { headers.append(.init("X-MBX-APIKEY", key)) }
        if let who {
            text += (text.isEmpty ? "" : "&") + "timestamp=\(time ?? Self.now())"
            // Beside a hundred busy tests a request may take longer than Binance's five seconds.
            if !text.contains("recvWindow") { text += "&recvWindow=60000" }
            text += "&signature=" + Self.signature(text, secret ?? "SECRET\(who)")
            headers.append(.init("X-MBX-APIKEY", "KEY\(who)"))
        }
        let url = "http://127.0.0.1:\(port)\(path)"
        if place == .body { headers.append(.init("Content-Type", "application/x-www-form-urlencoded")) }
        let request =
            place == .body
            ? SignedRequest(verb, url, headers: headers, body: text)
            : SignedRequest(verb, text.isEmpty ? url : url + "?" + text, headers: headers)
        let answer = try await caller.send(request)
        let json = try answer.body.withUnsafeBytes { try JSONValue(utf8: $0) }
        return Answer(status: answer.status, json: json, headers: answer.headers)
    }

    func faults(_ text: String) async throws {
        let request = SignedRequest(.put, "http://127.0.0.1:\(port)/paper/faults", body: text)
        let answer = try await caller.send(request)
        #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    /// Faults that are to be refused.
    func answer(toFaults text: String) async throws -> (status: Int, text: String) {
        let request = SignedRequest(.put, "http://127.0.0.1:\(port)/paper/faults", body: text)
        let answer = try await caller.send(request)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// Faults are over.
    @discardableResult
    func forget() async throws -> Int {
        try await caller.send(SignedRequest(.delete, "http://127.0.0.1:\(port)/paper/faults")).status
    }

    /// Something for the exchange itself, not for what it plays.
    /// - Returns: the status of the answer.
    func control(_ path: String, _ body: String) async throws -> Int {
        try await caller.send(SignedRequest(.post, "http://127.0.0.1:\(port)/paper/\(path)", body: body)).status
    }

    // MARK: - WebSocket

    /// A connection for as long as `body` runs.
    func connect<Value: Sendable>(
        _ path: String, _ body: @Sendable @escaping (Conversation) async throws -> Value
    ) async throws -> Value {
        let client = try WebSocketClient()
        return try await client.connect(to: "ws://127.0.0.1:\(port)\(path)") { messages, sender in
            let conversation = Conversation(sender: sender)
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask { try await body(conversation) }
                for try await message in messages {
                    switch message {
                    case .message(let buffer, _): conversation.heard(String(buffer: buffer))
                    case .alive: continue
                    case .over: conversation.heard(nil)
                    }
                    if conversation.isDone { break }
                }
                guard let value = try await group.next(), let value else { throw CancellationError() }
                return value
            }
        }
    }

    /// What has been heard on a connection, and the way to answer.
    final class Conversation: Sendable {
        private struct State {
            var messages: [JSONValue] = []
            var isOver = false
            var isDone = false
        }

        private let sender: WebSocketSender
        private let state = Mutex(State())

        init(sender: WebSocketSender) { self.sender = sender }

        func say(_ text: String) { sender.send(text) }

        /// Nil: it is over.
        func heard(_ text: String?) {
            state.withLock { state in
                if let text, let value = try? JSONValue(text) { state.messages.append(value) }
                if text == nil { state.isOver = true }
            }
        }

        var isDone: Bool { state.withLock { $0.isDone } }
        var isOver: Bool { state.withLock { $0.isOver } }
        var messages: [JSONValue] { state.withLock { $0.messages } }

        /// The reader stops at the next message, and at the latest when the connection is closed here.
        func finish() {
            state.withLock { $0.isDone = true }
            sender.close()
        }

        /// The first message that is wanted, from the beginning on.
        func wait(_ what: String, _ isWanted: (JSONValue) -> Bool) async throws -> JSONValue {
            for _ in 0..<4_000 {
                if let found = messages.first(where: isWanted) { return found }
                if isOver { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            Issue.record("waited in vain for \(what); heard \(messages.suffix(5))")
            throw CancellationError()
        }

        /// A request of the WebSocket API, signed.
        func ask(
            _ method: String, _ parameters: [String: String] = [:], as who: String? = nil, id: Int
        ) async throws -> JSONValue {
            var parameters = parameters
            if let who {
                parameters["apiKey"] = "KEY\(who)"
                parameters["timestamp"] = "\(SpotRunning.now())"
                parameters["recvWindow"] = parameters["recvWindow"] ?? "60000"
                let text = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
                parameters["signature"] = SpotRunning.signature(text, "SECRET\(who)")
            }
            let members = parameters.map { JSON.Member(key: $0.key, value: .text($0.value)) }
            let request: JSON = ["id": .number(Int64(id)), "method": .text(method), "params": .object(members)]
            say(request.rendered)
            return try await wait("the answer to \(method)") { $0["id"] == .number("\(id)") }
        }
    }
}

extension JSONValue {
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}

extension TemporaryFolder {
    /// The files of a database as they lie on the disk, in a place of their own.
    func copyDatabase(_ path: String) throws -> String {
        let copy = path + ".copy"
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        return copy
    }
}
