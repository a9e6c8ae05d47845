import NIOCore
import Networking
import Testing

private typealias Opcode = WebSocketText.Opcode

@Suite(.timeLimit(.minutes(10))) struct WebSocketClientTests {
    private let trust = TrustedRoots.only(pem: Array(TestCertificate.pem.utf8))

    /// Upgrades, does `steps`, and then nothing more.
    private func serving<Outcome>(
        _ steps: [ScriptedServer.Step], isSecure: Bool = false, _ body: (ScriptedServer) async throws -> Outcome
    ) async throws -> Outcome {
        try await ScriptedServer.with(isSecure: isSecure, take: WebSocketText.take) { text, count in
            count == 0 ? [.send(WebSocketText.upgrade(text))] + steps : []
        } _: {
            try await body($0)
        }
    }

    /// All that comes, as text, until the connection is over or `count` have come.
    private func collect(
        _ server: ScriptedServer, scheme: String = "ws", settings: WebSocketClient.Settings = .init(),
        _ count: Int = .max,
        onFirst: @escaping @Sendable (WebSocketSender) -> Void = { _ in }
    ) async throws -> [String] {
        let client = try WebSocketClient(settings)
        return try await client.connect(to: "\(scheme)://localhost:\(server.port)/stream") { messages, sender in
            var texts: [String] = []
            if count == 0 { return texts }
            for try await message in messages {
                if texts.isEmpty { onFirst(sender) }
                switch message {
                case .message(let buffer, let isBinary):
                    texts.append((isBinary ? "binary " : "text ") + String(buffer: buffer))
                case .alive: texts.append("alive")
                case .over(let failure): texts.append("over \(failure)")
                }
                if texts.count >= count { break }
            }
            return texts
        }
    }

    private func failure(
        _ address: String, _ settings: WebSocketClient.Settings = .init()
    ) async throws -> WebSocketFailure? {
        do {
            try await WebSocketClient(settings).connect(to: address) { _, _ in }
            return nil
        } catch let failure as WebSocketFailure { return failure }
    }

    @Test func `opens, and gets what came with the handshake in one packet`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            guard count == 0 else { return [] }
            let first = WebSocketText.upgrade(text) + WebSocketText.text("first")
            return [.send(first), .wait(30), .send(WebSocketText.frame(Opcode.binary, [65, 66]))]
        } _: { server in
            let found1 = try await collect(server, 2)
            #expect(found1 == ["text first", "binary AB"])
            #expect(server.received.first?.hasPrefix("GET /stream HTTP/1.1\r\n") == true)
            #expect(server.received.first?.lowercased().contains("host: localhost:\(server.port)\r\n") == true)
        }
    }

    @Test func `answers a ping with what was in it`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            if count == 0 {
                return [.send(WebSocketText.upgrade(text) + WebSocketText.frame(Opcode.ping, Array("abc".utf8)))]
            }
            return [.send(WebSocketText.text(text))]
        } _: { server in
            let texts = try await collect(server, 2)
            #expect(texts == ["alive", "text 10 abc"])
        }
    }

    @Test func `sends masked text, and says goodbye`() async throws {
        try await ScriptedServer.with(take: WebSocketText.take) { text, count in
            count == 0
                ? [.send(WebSocketText.upgrade(text) + WebSocketText.text("hello"))] : [.send(WebSocketText.text(text))]
        } _: { server in
            let texts = try await collect(server, 2) { sender in
                sender.send("{\"op\":\"subscribe\"}")
                sender.close()
            }
            #expect(texts.first == "text hello")
            for _ in 0..<500 where server.received.count < 3 { try await Task.sleep(for: .milliseconds(10)) }
            let sent = server.received.dropFirst()
            #expect(sent.first == "1 {\"op\":\"subscribe\"}")
            #expect(sent.last?.hasPrefix("8 ") == true)
        }
    }

    @Test func `puts the parts of a message together, a ping between them`() async throws {
        let steps: [ScriptedServer.Step] = [
            .send(WebSocketText.frame(Opcode.text, Array("one ".utf8), isLast: false)), .wait(20),
            .send(WebSocketText.frame(Opcode.continuation, Array("two ".utf8), isLast: false)),
            .send(WebSocketText.frame(Opcode.ping, [])),
            .send(WebSocketText.frame(Opcode.continuation, Array("three".utf8))),
        ]
        try await serving(steps) { server in
            let texts = try await collect(server, 2)
            #expect(texts == ["alive", "text one two three"])
        }
    }

    @Test func `takes a frame cut into single bytes`() async throws {
        let bytes = WebSocketText.text("slowly")
        try await serving(bytes.flatMap { [.send([$0]), .wait(2)] }) { server in
            let texts = try await collect(server, 1)
            #expect(texts == ["text slowly"])
        }
    }

    static let overlong: [[UInt8]] = [
        WebSocketText.frame(Opcode.text, Array(repeating: 65, count: 1_001)),
        // A length alone, of nearly all there is.
        [0x81, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        (0..<5).flatMap { WebSocketText.frame($0 == 0 ? 1 : 0, Array(repeating: 65, count: 900), isLast: false) },
        (0..<50).flatMap { WebSocketText.frame($0 == 0 ? 1 : 0, [65], isLast: false) },
    ]

    @Test("ends what is too long", arguments: overlong)
    func tooLong(bytes: [UInt8]) async throws {
        let settings = WebSocketClient.Settings(longestFrame: 1_000, longestMessage: 3_000, mostFragments: 20)
        try await serving([.send(bytes)]) { server in
            let texts = try await collect(server, settings: settings)
            #expect(texts == ["over a message is too long"])
        }
    }

    static let breaches: [[UInt8]] = [
        WebSocketText.frame(Opcode.text, [65], isMasked: true),
        WebSocketText.frame(Opcode.text, [65], reserved: 0x40),
        WebSocketText.frame(3, [65]),
        WebSocketText.frame(Opcode.continuation, [65]),
        WebSocketText.frame(Opcode.text, [65], isLast: false) + WebSocketText.text("new"),
        WebSocketText.frame(Opcode.ping, Array(repeating: 65, count: 126)),
        WebSocketText.frame(Opcode.ping, [], isLast: false),
    ]

    @Test("ends what breaks the protocol", arguments: breaches)
    func broken(bytes: [UInt8]) async throws {
        try await serving([.send(bytes), .send(WebSocketText.text("after"))]) { server in
            let texts = try await collect(server)
            #expect(texts.count == 1 && texts.first?.hasPrefix("over protocol broken") == true, "\(texts)")
        }
    }

    @Test func `tells with which words the other side closed`() async throws {
        let bytes = WebSocketText.frame(Opcode.close, [0x03, 0xF4] + Array("restart".utf8))
        try await serving([.send(WebSocketText.text("x")), .send(bytes)]) { server in
            let texts = try await collect(server)
            #expect(texts == ["text x", "over closed by the other side: 1012 restart"])
        }
        try await serving([.send(WebSocketText.frame(Opcode.close, []))]) { server in
            let texts = try await collect(server)
            #expect(texts == ["over closed by the other side: no code "])
        }
    }

    @Test("tells when the other side is gone", arguments: [[], WebSocketText.frame(1, [65, 66]).dropLast()])
    func gone(bytes: [UInt8]) async throws {
        try await serving([.send(bytes), .wait(20), .hangUp]) { server in
            let texts: [String]
            // On a busy machine it is gone before the handshake is over.
            do { texts = try await collect(server) } catch let failure as WebSocketFailure {
                texts = ["over \(failure)"]
            }
            #expect(texts.count == 1 && texts.first?.hasPrefix("over lost") == true, "\(texts)")
        }
    }

    @Test(
        "an answer that is no upgrade is told with its status",
        arguments: [
            HTTPText.answer("<html>", status: "503 Service Unavailable"), HTTPText.answer("{}", status: "429 Too Many"),
            HTTPText.answer("hello"),
        ])
    func notUpgraded(answer: String) async throws {
        try await ScriptedServer.with { _, _ in
            [.send(answer)]
        } _: { server in
            let status = Int(answer.dropFirst(9).prefix(3))
            let found3 = try await failure("ws://127.0.0.1:\(server.port)/")
            #expect(found3 == .notUpgraded(status: status))
        }
    }

    @Test func `an upgrade to the wrong key is none`() async throws {
        try await ScriptedServer.with { _, _ in
            [.send(WebSocketText.upgrade("Sec-WebSocket-Key: another"))]
        } _: { server in
            let failure = try await failure("ws://127.0.0.1:\(server.port)/")
            #expect(failure == .notUpgraded(status: 101))
        }
    }

    @Test(
        "a handshake that stops half way ends by itself", arguments: ["", "HTTP/1.1 101 Switching Protocols\r\nUpgr"])
    func half(beginning: String) async throws {
        let settings = WebSocketClient.Settings(opening: 300)
        try await ScriptedServer.with { _, _ in
            [.send(beginning), .wait(30_000)]
        } _: { server in
            let failure = try await failure("ws://127.0.0.1:\(server.port)/", settings)
            #expect(failure == .tooSlow)
        }
        try await ScriptedServer.with { _, _ in
            [.send(beginning), .wait(10), .hangUp]
        } _: { server in
            let failure = try await failure("ws://127.0.0.1:\(server.port)/")
            #expect(failure != nil && failure != .tooSlow)
        }
    }

    @Test func `speaks TLS, to those it trusts`() async throws {
        try await serving([.send(WebSocketText.text("secret"))], isSecure: true) { server in
            let texts = try await collect(server, scheme: "wss", settings: .init(trust: trust), 1)
            #expect(texts == ["text secret"])
            guard case .notConnected? = try await failure("wss://localhost:\(server.port)/") else {
                Issue.record("an unknown certificate was taken")
                return
            }
            // TLS to a server that speaks none, and none to one that does.
            let found4 = try await failure("ws://localhost:\(server.port)/", .init(opening: 500))
            #expect(found4 != nil)
        }
        try await serving([]) { server in
            let failure = try await failure("wss://localhost:\(server.port)/", .init(opening: 500, trust: trust))
            #expect(failure != nil)
        }
    }

    @Test func `nobody there, or no address`() async throws {
        // Of a port that was free a moment ago another test may have made its own.
        guard case .notConnected? = try await failure("ws://127.0.0.1:1/") else {
            Issue.record("connected to nobody")
            return
        }
        let found5 = try await failure("http://127.0.0.1/")
        #expect(found5 == .badAddress("http://127.0.0.1/"))
    }
}
