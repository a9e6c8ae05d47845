import Exchanges
import Networking
import Scheduling
import Testing
import TradingCore

@Suite(.timeLimit(.minutes(3))) struct HTTPCallerTests {
    /// What a caller made for this test gives; it is shut down after.
    private func calling<Outcome>(
        _ settings: HTTPCaller.Settings = .init(deadline: 60_000), _ body: (HTTPCaller) async throws -> Outcome
    ) async throws -> Outcome {
        let caller = try HTTPCaller(settings)
        do {
            let outcome = try await body(caller)
            await caller.shutdown()
            return outcome
        } catch {
            await caller.shutdown()
            throw error
        }
    }

    private func failure(
        _ caller: HTTPCaller, _ request: SignedRequest, within: Int64? = nil
    ) async -> HTTPFailure? {
        do {
            _ = try await caller.send(request, within: within)
            return nil
        } catch { return error }
    }

    private func request(_ server: ScriptedServer, _ path: String = "/") -> SignedRequest {
        SignedRequest(.get, "http://127.0.0.1:\(server.port)\(path)")
    }

    private func isUnknown(_ failure: HTTPFailure?) -> Bool {
        if case .unknown? = failure { true } else { false }
    }

    private func isNotSent(_ failure: HTTPFailure?) -> Bool {
        if case .notSent? = failure { true } else { false }
    }

    /// A clock that jumps to wherever somebody sleeps to.
    private struct JumpingTime: TimeSource {
        func now() -> Timestamp { Timestamp(nanoseconds: 0) }
        func sleep(until deadline: Timestamp) async throws { try Task.checkCancellation() }
    }

    @Test func `an hour's deadline passes by the clock that was handed in`() async throws {
        try await ScriptedServer.with { _, _ in
            []
        } _: { server in
            let caller = try HTTPCaller(.init(deadline: 3_600_000), time: JumpingTime())
            #expect(isUnknown(await failure(caller, request(server))))
            await caller.shutdown()
        }
    }

    @Test func `what is signed is what is sent, and the whole answer comes back`() async throws {
        try await ScriptedServer.with { _, _ in
            [.send(HTTPText.answer("{\"a\":1}", status: "418 Teapot", headers: "X-Used: 7\r\n"))]
        } _: { server in
            try await calling { caller in
                let sent = SignedRequest(
                    .post, "http://127.0.0.1:\(server.port)/api/v3/order?symbol=BTC%2FUSDT&signature=ab%20c",
                    headers: [.init("X-MBX-APIKEY", "key")], body: "a=1&b=%40")
                let answer = try await caller.send(sent)
                #expect(answer.status == 418)
                #expect(answer.header("x-used") == "7")
                #expect(String(decoding: answer.body, as: UTF8.self) == "{\"a\":1}")
                let received = try #require(server.received.first)
                #expect(received.hasPrefix("POST /api/v3/order?symbol=BTC%2FUSDT&signature=ab%20c HTTP/1.1\r\n"))
                #expect(received.contains("X-MBX-APIKEY: key\r\n"))
                #expect(received.hasSuffix("\r\n\r\na=1&b=%40"))
            }
        }
    }

    @Test func `a connection is used again, and a new one made when the server has closed it`() async throws {
        try await ScriptedServer.with { text, _ in
            text.contains("/last") ? [.send(HTTPText.answer("x")), .hangUp] : [.send(HTTPText.answer("x"))]
        } _: { server in
            try await calling { caller in
                for _ in 0..<5 { _ = try await caller.send(request(server)) }
                #expect(server.connections == 1)
                _ = try await caller.send(request(server, "/last"))
                // Until the client has noticed, a request may meet the old one's end: nobody knows of that one.
                var isAnswered = false
                for _ in 0..<200 where !isAnswered {
                    try await Task.sleep(for: .milliseconds(20))
                    isAnswered = (try? await caller.send(request(server))) != nil
                }
                #expect(isAnswered)
                #expect(server.connections == 2)
            }
        }
    }

    @Test(
        "an answer that does not end in time is unknown",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        ])
    func slow(beginning: String) async throws {
        try await ScriptedServer.with { _, _ in
            [.send(beginning), .wait(30_000), .hangUp]
        } _: { server in
            try await calling { caller in
                let clock = ContinuousClock()
                let begun = clock.now
                let found = await failure(caller, request(server), within: 300)
                #expect(isUnknown(found))
                #expect(clock.now - begun < .seconds(25), "the server would answer after thirty")
            }
        }
    }

    @Test(
        "half an answer, or none, is unknown, and nothing is sent twice",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n", "this is no HTTP\r\n\r\n",
        ])
    func half(beginning: String) async throws {
        try await ScriptedServer.with { _, _ in
            [.send(beginning), .hangUp]
        } _: { server in
            try await calling { caller in
                let found = await failure(caller, request(server))
                #expect(isUnknown(found))
                #expect(server.received.count == 1)
            }
        }
    }

    @Test(
        "an answer that is too long is not taken",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "x", count: 1_001)
                + "\r\n",
        ])
    func tooLong(beginning: String) async throws {
        try await ScriptedServer.with { _, _ in
            [.send(beginning)]
        } _: { server in
            try await calling(.init(deadline: 60_000, longestAnswer: 1_000)) { caller in
                let failure = await failure(caller, request(server))
                #expect(failure == .answerTooLong(limit: 1_000))
            }
        }
    }

    @Test func `a redirect is an answer like another`() async throws {
        try await ScriptedServer.with { _, _ in
            [.send(HTTPText.answer("", status: "302 Found", headers: "Location: /elsewhere\r\n"))]
        } _: { server in
            try await calling { caller in
                let status = try await caller.send(request(server)).status
                #expect(status == 302)
                #expect(server.received.count == 1)
            }
        }
    }

    @Test func `what could not leave was not sent`() async throws {
        try await calling { caller in
            // Nobody listens on the first port, and no other test is given it.
            for url in ["http://127.0.0.1:1/", "", "nonsense", "ftp://127.0.0.1/", "http://"] {
                let failure = await failure(caller, SignedRequest(.get, url))
                #expect(isNotSent(failure), "\(url): \(String(describing: failure))")
            }
        }
    }

    @Test func `only a certificate that is trusted is spoken to`() async throws {
        try await ScriptedServer.with(isSecure: true) { _, _ in
            [.send(HTTPText.answer("secret"))]
        } _: { server in
            let sent = SignedRequest(.get, "https://localhost:\(server.port)/")
            let trust = TrustedRoots.only(pem: Array(TestCertificate.pem.utf8))
            try await calling(.init(trust: trust)) { caller in
                let body = try await caller.send(sent).body
                #expect(String(decoding: body, as: UTF8.self) == "secret")
            }
            try await calling { caller in
                let failure = await failure(caller, sent)
                #expect(isNotSent(failure), "\(String(describing: failure))")
            }
            #expect(server.received.count == 1)
        }
    }

    @Test func `a call that is given up ends at once`() async throws {
        try await ScriptedServer.with { _, _ in
            [.wait(30_000)]
        } _: { server in
            try await calling { caller in
                let sent = request(server)
                let call = Task { await failure(caller, sent) }
                try await Task.sleep(for: .milliseconds(50))
                call.cancel()
                let found = await call.value
                #expect(isUnknown(found))
            }
        }
    }

    /// `{"packed":true}`.
    private static let packed: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 72, 76, 206, 78, 77, 81, 178, 42, 41, 42, 77, 173, 5, 0, 137,
        224, 181, 220, 15, 0, 0, 0,
    ]

    /// 200 000 times the digit 0.
    private static let bomb: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 74, 235, 159, 206, 12, 254, 64, 1, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 175, 1, 148, 125, 35, 54, 64, 13, 3, 0,
    ]

    @Test func `a packed answer is unpacked, within its bound`() async throws {
        try await ScriptedServer.with { text, _ in
            let body = text.contains("/bomb") ? Self.bomb : Self.packed
            let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(body.count)\r\n\r\n"
            return [.send(Array(head.utf8) + body)]
        } _: { server in
            try await calling(.init(deadline: 60_000, longestAnswer: 100_000)) { caller in
                let answer = try await caller.send(request(server))
                #expect(String(decoding: answer.body, as: UTF8.self) == "{\"packed\":true}")
                let failure = await failure(caller, request(server, "/bomb"))
                #expect(failure == .answerTooLong(limit: 100_000))
            }
        }
    }
}
