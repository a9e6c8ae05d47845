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

/// Input made to get round a rule.
@Suite struct HostileInputTests {
    @Test(arguments: ["/auth/login", "/auth/login/", "//auth//login", "/auth/login?x=1"])
    func `no spelling of the login's path gets round its throttle (D2)`(_ uri: String) async throws {
        let api = try TestAPI(throttle: 60, logins: 5)
        try await api.withClient { client in
            var statuses: [Int] = []
            for _ in 0..<7 {
                let answer = try await client.execute(
                    uri: uri, method: .post, headers: [.contentType: "application/json"],
                    body: ByteBuffer(string: #"{"password":"wrong"}"#))
                statuses.append(answer.status.code)
            }
            #expect(statuses == [401, 401, 401, 401, 401, 429, 429])
        }
    }

    @Test(arguments: ["/healthy", "/docsearch", "/nope"])
    func `only health and documentation go unthrottled (D2)`(_ uri: String) async throws {
        let api = try TestAPI(throttle: 3)
        try await api.withClient { client in
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await client.execute(uri: uri, method: .get).status.code) }
            #expect(statuses == [404, 404, 404, 429])
        }
    }

    @Test(arguments: [
        ("a\n=cmd()", "\"a\n=cmd()\""), ("a\rb", "\"a\rb\""), ("a\r\nb", "\"a\r\nb\""),
        ("a,\u{301}b", "\"a,\u{301}b\""),
        ("a\"\u{301}b", "\"a\"\"\u{301}b\""), ("=1", "'=1"), ("plain", "plain"), ("\n=1", "\"'\n=1\""),
        (" =1", "' =1"),
    ])
    func `a field stays in its field, whatever is in it`(_ value: String, _ field: String) {
        #expect(
            CSV.text(value).unicodeScalars.elementsEqual(field.unicodeScalars), "\(CSV.text(value).debugDescription)")
    }

    @Test func `a query is decoded as forms are`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            for query in ["userId=a+b&clientId=c%2Bd", "user%49d=a%20b&clientId=c%2Bd"] {
                _ = try await client.execute(
                    uri: "/strategy/stop-marketmaking?\(query)", method: .get,
                    headers: [.authorization: "Bearer \(token)"])
                #expect(api.desk.calls.last == "stop a b-c+d-pureMarketMaking")
            }
        }
    }
}
