import Exchanges
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MarketMaking
import NIOCore
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import API

/// What holds for every endpoint, because each is declared once.
@Suite struct EveryEndpointTests {
    private func endpoints(_ api: TestAPI) async -> [Endpoint] {
        api.server.endpoints(
            RequestMetrics(),
            await AdminAuthentication(
                password: api.server.secrets.adminPassword, signingKey: api.server.secrets.signingKey, time: api.time))
    }

    private static func path(_ endpoint: Endpoint) -> String {
        endpoint.path.split(separator: "/").map { $0.hasPrefix(":") ? "1" : String($0) }.joined(separator: "/")
    }

    private static func method(_ endpoint: Endpoint) -> HTTPRequest.Method { endpoint.method.http }

    @Test func `every endpoint is in the OpenAPI document, with its fields and its lock`() async throws {
        let api = try TestAPI()
        let endpoints = await endpoints(api)
        #expect(endpoints.count >= 30)
        try await api.withClient { client in
            let document = try await client.execute(uri: "/docs-json", method: .get).json()
            for endpoint in endpoints {
                let operation = document["paths"]?[endpoint.template]?[endpoint.method.rawValue]
                #expect(operation != nil, "\(endpoint.method) \(endpoint.template)")
                #expect((operation?["security"] != nil) == endpoint.needsToken, "\(endpoint.template)")
                for parameter in endpoint.parameters where parameter.place == .body {
                    let schema = operation?["requestBody"]?["content"]?["application/json"]?["schema"]
                    #expect(schema?["properties"]?[parameter.name] != nil, "\(endpoint.template) \(parameter.name)")
                }
            }
            let yaml = try await client.execute(uri: "/docs-yaml", method: .get)
            #expect(yaml.text.hasPrefix("\"openapi\": \"3.0.0\""))
        }
    }

    @Test func `a secret of a wrong type is not repeated, in no answer and no log line`() async throws {
        let api = try TestAPI()
        let endpoints = await endpoints(api)
        @Sendable func secrets(_ endpoint: Endpoint) -> [String] {
            endpoint.parameters.filter { if case .secret = $0.kind { true } else { false } }.map(\.name)
        }
        #expect(
            Set(endpoints.flatMap(secrets)) == ["api_key", "api_passphrase", "api_secret", "api_uid", "password"])
        // Whoever adds another marks it.
        for parameter in endpoints.flatMap(\.parameters) {
            let name = parameter.name.lowercased()
            guard ["secret", "password", "passphrase", "privatekey", "private_key"].contains(where: name.contains)
            else {
                continue
            }
            guard case .secret = parameter.kind else {
                Issue.record("\(parameter.name) is not marked as a secret")
                continue
            }
        }
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            for endpoint in endpoints where !secrets(endpoint).isEmpty {
                let names = secrets(endpoint)
                for value in [#"{"a":"open sesame"}"#, #"["open sesame"]"#] {
                    let body = "{" + names.map { "\"\($0)\":\(value)" }.joined(separator: ",") + "}"
                    let answer = try await client.execute(
                        uri: "/" + Self.path(endpoint), method: Self.method(endpoint),
                        headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                        body: ByteBuffer(string: body))
                    #expect(answer.status == .badRequest, "\(endpoint.path)")
                    for name in names { #expect(answer.text.contains("\(name) ***: must be a text"), "\(answer.text)") }
                    #expect(!answer.text.contains("sesame"))
                }
            }
        }
        #expect(!api.log.all.contains { $0.contains("sesame") })
    }

    @Test func `a token is good until it runs out, however often it was asked with`() async throws {
        let time = SteppedTime(Timestamp(nanoseconds: Nanoseconds.seconds(1_700_000_000)))
        let authentication = await AdminAuthentication(
            password: Secret("sesame"), signingKey: Secret("key"), time: time)
        let (first, other) = ("Bearer \(try await authentication.makeToken())", "bearer nonsense")
        time.advance(byNanoseconds: Nanoseconds.seconds(60))
        let second = "Bearer \(try await authentication.makeToken())"
        for _ in 0..<2 {
            for token in [first, second, first] { #expect(await authentication.accepts(token)) }
            #expect(await !authentication.accepts(other))
            #expect(await !authentication.accepts(String(first.dropLast())))
        }
        time.advance(byNanoseconds: AdminAuthentication.lifetime - Nanoseconds.seconds(60))
        for _ in 0..<2 {
            #expect(await !authentication.accepts(first))
            #expect(await authentication.accepts(second))
        }
    }

    @Test func `whatever trades or tells about people needs the admin's token (D5)`() async throws {
        let api = try TestAPI()
        let endpoints = await endpoints(api)
        let open = endpoints.filter { !$0.needsToken }.map(\.path)
        #expect(open.allSatisfy { $0 == "/" || $0 == "/auth/login" || $0.hasPrefix("/health") })
        try await api.withClient { client in
            let good = try await TestAPI.token(client)
            for endpoint in endpoints where endpoint.needsToken {
                for header in [
                    nil, "Bearer nonsense", "Basic abc", "Bearer ", "Bearer \u{301}\(good)", "Bearer \u{A0}\(good)",
                ] {
                    var headers = HTTPFields()
                    if let header { headers[.authorization] = header }
                    let answer = try await client.execute(
                        uri: "/" + Self.path(endpoint), method: Self.method(endpoint), headers: headers)
                    #expect(answer.status == .unauthorized, "\(endpoint.method) \(endpoint.path)")
                    #expect(answer.text == #"{"message":"Unauthorized","statusCode":401}"#)
                }
            }
            #expect(api.desk.calls == [])
        }
    }

    @Test func `a missing field is a 400 that names it, for every required field of every endpoint (D1, D4)`()
        async throws
    {
        let api = try TestAPI()
        let endpoints = await endpoints(api)
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            for endpoint in endpoints {
                let required = endpoint.parameters.filter { $0.isRequired && $0.place != .path }
                guard !required.isEmpty else { continue }
                let answer = try await client.execute(
                    uri: "/" + Self.path(endpoint), method: Self.method(endpoint),
                    headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                    body: endpoint.method == .post ? ByteBuffer(string: "{}") : nil)
                #expect(answer.status == .badRequest, "\(endpoint.method) \(endpoint.path)")
                guard case .array(let messages)? = try answer.json()["message"] else {
                    Issue.record("\(endpoint.path): \(answer.text)")
                    continue
                }
                for parameter in required {
                    let isNamed = messages.contains {
                        if case .string(let text) = $0 { text.hasPrefix(parameter.name) } else { false }
                    }
                    #expect(isNamed, "\(endpoint.path) \(parameter.name)")
                }
            }
            #expect(api.desk.calls == [])
        }
    }

    @Test(arguments: [
        ("0.12345678901234567890123456789012345", "a number with at most 18 fractional digits"),
        ("60000.1234567890123456789012345678901", "a number with at most 18 fractional digits"),
        ("1e-35", "a number with at most 18 fractional digits"),
        (
            "12345678901234567890123456789012345",
            "a number from -170141183460469231731 to 170141183460469231731"
        ),
        ("1e35", "a number from -170141183460469231731 to 170141183460469231731"),
        ("-1e999", "a number from -170141183460469231731 to 170141183460469231731"), ("\"12,5\"", "a number"),
    ])
    func `a decimal that cannot be counted is answered with the rule that it breaks, at every such field`(
        _ value: String, _ rule: String
    ) async throws {
        let api = try TestAPI()
        let endpoints = await endpoints(api)
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            var count = 0
            for endpoint in endpoints where endpoint.status != 501 {
                let names = endpoint.parameters.filter { parameter in
                    if parameter.place == .body, case .number = parameter.kind { true } else { false }
                }.map(\.name)
                // As a number and as a text, one field after another.
                for name in names {
                    for written in Set([value, value.hasPrefix("\"") ? value : "\"\(value)\""]).sorted() {
                        count += 1
                        let answer = try await client.execute(
                            uri: "/" + Self.path(endpoint), method: Self.method(endpoint),
                            headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                            body: ByteBuffer(string: "{\"\(name)\":\(written)}"))
                        #expect(answer.status == .badRequest, "\(endpoint.path) \(name)")
                        guard case .array(let messages)? = try answer.json()["message"] else {
                            Issue.record("\(endpoint.path): \(answer.text)")
                            continue
                        }
                        let words = messages.compactMap { message -> String? in
                            if case .string(let text) = message, text.hasPrefix(name + " ") { text } else { nil }
                        }
                        #expect(words == ["\(name) \(written): must be \(rule)"], "\(endpoint.path)")
                    }
                }
            }
            #expect(count >= 12)
            #expect(api.desk.calls == [])
        }
    }

    /// What a hostile client might send as a value.
    private static let nasty = [
        "null", "true", "-1", "0", "1e999", "99999999999999999999999999", "\"\"", "\"\\u0000\"", "[]", "{}", "[[[[]]]]",
        "\"\\ud83d\\ude00\"", "\"'; DROP TABLE orders; --\"", "0.1", "\"NaN\"", "1.7976931348623157e309",
        "\"../../etc\"",
    ]

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `bad input is never a server error, whatever it is (seed)`(_ seed: UInt64) async throws {
        let api = try TestAPI()
        let endpoints = await endpoints(api)
        try await api.withClient { client in
            var random = SplitMix64(seed: seed)
            let token = try await TestAPI.token(client)
            func pick(_ values: [String]) -> String { values[Int(random.next() % UInt64(values.count))] }
            for _ in 0..<40 {
                for endpoint in endpoints where endpoint.status != 501 {
                    let members = endpoint.parameters.filter { $0.place == .body }
                        .map { "\"\($0.name)\":\(pick(Self.nasty))" }
                    var body = "{" + members.joined(separator: ",") + "}"
                    if random.next() % 5 == 0 {
                        body = pick([
                            "", "{", "[1,2]", "\"x\"", "{\"a\":1,\"a\":2}", String(repeating: "[", count: 600),
                        ])
                    }
                    let query = endpoint.parameters.filter { $0.place == .query }
                        .map { "\($0.name)=\(pick(["", "x", "-1", "%00", "%ff%fe", "1e9", "a%2Fb"]))" }
                    let answer = try await client.execute(
                        uri: "/" + Self.path(endpoint) + "?" + query.joined(separator: "&"),
                        method: Self.method(endpoint),
                        headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                        body: endpoint.method == .post ? ByteBuffer(string: body) : nil)
                    #expect(
                        answer.status.code < 500 || answer.status.code == 501,
                        "seed \(seed): \(endpoint.method) \(endpoint.path) \(body) \(answer.text)")
                }
            }
        }
    }
}
