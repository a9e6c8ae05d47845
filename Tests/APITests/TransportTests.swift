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

@Suite struct TransportTests {
    @Test func `errors come in the original's envelopes`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            let auth: HTTPFields = [.authorization: "Bearer \(token)", .contentType: "application/json"]
            func post(_ uri: String, _ body: String) async throws -> TestResponse {
                try await client.execute(uri: uri, method: .post, headers: auth, body: ByteBuffer(string: body))
            }
            let unknown = try await client.execute(uri: "/x?secret=1", method: .get)
            #expect(unknown.status == .notFound)
            #expect(unknown.text == #"{"message":"Cannot GET /x","error":"Not Found","statusCode":404}"#)
            #expect(unknown.headers[.contentType] == "application/json; charset=utf-8")
            let malformed = try await post("/strategy/rerun", #"{"strategyKey": }"#)
            #expect(malformed.status == .badRequest)
            #expect(try malformed.json()["error"] == .string("Bad Request"))
            let large = try await post(
                "/strategy/rerun", "{\"strategyKey\":\"" + String(repeating: "a", count: 110_000) + "\"}")
            #expect(large.status == .contentTooLarge)
            #expect(large.text == #"{"statusCode":413,"message":"request entity too large"}"#)
            let typed = try await post("/admin/strategy/start", #"{"strategyType":"marketMaking"}"#)
            #expect(
                typed.text == #"{"message":"Invalid strategy parameters","error":"Bad Request","statusCode":400}"#)
        }
    }

    @Test func `statuses and empty bodies are the original's`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            let auth: HTTPFields = [.authorization: "Bearer \(token)", .contentType: "application/json"]
            let rerun = try await client.execute(
                uri: "/strategy/rerun", method: .post, headers: auth, body: ByteBuffer(string: #"{"strategyKey":"k"}"#))
            #expect(rerun.status == .created)
            #expect(rerun.text == "")
            let stop = try await client.execute(
                uri: "/strategy/stop-marketmaking?userId=u&clientId=c", method: .get, headers: auth)
            #expect(stop.status == .ok)
            #expect(stop.text == "")
            let ping = try await client.execute(uri: "/health/ping", method: .get)
            #expect(ping.text == "pong")
            #expect(ping.headers[.contentType] == "text/html; charset=utf-8")
            let head = try await client.execute(uri: "/health/ping", method: .head)
            #expect(head.status == .ok)
        }
    }

    @Test func `forms are taken like JSON, numbers keep every digit`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            _ = try await client.execute(
                uri: "/strategy/stop-marketmaking", method: .post,
                headers: [.authorization: "Bearer \(token)", .contentType: "application/x-www-form-urlencoded"],
                body: ByteBuffer(string: "userId=a%20b&clientId=c+d"))
            #expect(api.desk.calls.last == "stop a b-c d-pureMarketMaking")
            let running = try await client.execute(
                uri: "/strategy/running", method: .get, headers: [.authorization: "Bearer \(token)"])
            #expect(running.text.contains(#""startPrice":60000.5,"parameters":{"bidSpread":0.0010}"#))
            #expect(running.text.contains(#""createdAt":"2025-10-09T08:53:20.123Z""#))
        }
    }

    @Test func `every origin may call, and a preflight ends at once`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let answer = try await client.execute(
                uri: "/admin/strategies", method: .options,
                headers: [.origin: "https://x", .accessControlRequestHeaders: "authorization,x-a"])
            #expect(answer.status == .noContent)
            #expect(answer.headers[.accessControlAllowMethods] == "GET,HEAD,PUT,PATCH,POST,DELETE")
            #expect(answer.headers[.accessControlAllowHeaders] == "authorization,x-a")
            let other = try await client.execute(uri: "/nope", method: .get)
            #expect(other.headers[.accessControlAllowOrigin] == "*")
        }
    }

    @Test func `the log has neither query nor body nor token (D3)`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            _ = try await client.execute(
                uri: "/strategy/stop-marketmaking?userId=private-user&clientId=private-client", method: .get,
                headers: [.authorization: "Bearer \(token)"])
            let lines = api.log.all.filter { $0.contains("stop-marketmaking") || $0.contains("/auth/login") }
            #expect(lines.count >= 2)
            for line in api.log.all {
                #expect(!line.contains("private-"))
                #expect(!line.contains(token))
                #expect(!line.contains(AdminPassword.hash(Secret(TestAPI.password))))
            }
        }
    }

    @Test func `the throttle is in force, and stricter on logins (D2)`() async throws {
        let api = try TestAPI(throttle: 60, logins: 5)
        try await api.withClient { client in
            func login() async throws -> TestResponse {
                try await client.execute(
                    uri: "/auth/login", method: .post, headers: [.contentType: "application/json"],
                    body: ByteBuffer(string: #"{"password":"wrong"}"#))
            }
            for _ in 0..<5 { #expect(try await login().status == .unauthorized) }
            let refused = try await login()
            #expect(refused.status == .tooManyRequests)
            #expect(refused.text == #"{"statusCode":429,"message":"ThrottlerException: Too Many Requests"}"#)
            // No sooner than the window ends, and no later.
            let seconds = refused.headers[.retryAfter].flatMap { Int($0) }
            #expect(seconds.map { (1...60).contains($0) } == true, "\(seconds.map { "\($0)" } ?? "none")")
            for _ in 0..<55 { #expect(try await client.execute(uri: "/", method: .get).status == .ok) }
            #expect(try await client.execute(uri: "/", method: .get).status == .tooManyRequests)
            // Scrapers go on.
            #expect(try await client.execute(uri: "/health", method: .get).status == .ok)
            api.time.advance(byNanoseconds: Nanoseconds.seconds(60))
            #expect(try await client.execute(uri: "/", method: .get).status == .ok)
            #expect(try await login().status == .unauthorized)
        }
    }

    @Test func `a token is good for two hours`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            func list() async throws -> HTTPResponse.Status {
                try await client.execute(
                    uri: "/admin/strategies", method: .get, headers: [.authorization: "Bearer \(token)"]
                ).status
            }
            #expect(try await list() == .ok)
            api.time.advance(byNanoseconds: Nanoseconds.seconds(7_199))
            #expect(try await list() == .ok)
            api.time.advance(byNanoseconds: Nanoseconds.seconds(1))
            #expect(try await list() == .unauthorized)
        }
    }

    @Test(arguments: [
        ("{}", "Password is required"), (#"{"password":""}"#, "Password is required"),
        (#"{"password":"x"}"#, "Invalid password"),
    ])
    func `a wrong login says so in the original's words`(_ body: String, _ message: String) async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let answer = try await client.execute(
                uri: "/auth/login", method: .post, headers: [.contentType: "application/json"],
                body: ByteBuffer(string: body))
            #expect(answer.text == "{\"message\":\"\(message)\",\"error\":\"Unauthorized\",\"statusCode\":401}")
        }
    }
}
