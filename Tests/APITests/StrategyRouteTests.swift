import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MarketMaking
import NIOCore
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API

@Suite struct StrategyRouteTests {
    private static let parameters = #"""
        {"userId":"u","clientId":"c","pair":"BTC/USDT","exchangeName":"paper","bidSpread":0.00100,"askSpread":"0.001","orderAmount":0.01,"orderRefreshTime":1000,"numberOfLayers":2,"priceSourceType":"MID_PRICE","amountChangePerLayer":0,"amountChangeType":"fixed"}
        """#

    private func with(
        _ body:
            @escaping @Sendable (
                RecordingDesk, @Sendable (HTTPRequest.Method, String, String?) async throws -> TestResponse
            ) async throws -> Void
    ) async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            try await body(api.desk) { method, uri, text in
                try await client.execute(
                    uri: uri, method: method,
                    headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                    body: text.map { ByteBuffer(string: $0) })
            }
        }
    }

    @Test func `both ways to start reach the one desk with the body as it was (D11, D16)`() async throws {
        try await with { desk, send in
            let direct = try await send(.post, "/strategy/execute-pure-market-making", Self.parameters)
            #expect(direct.status == .ok)
            let admin = try await send(
                .post, "/admin/strategy/start",
                "{\"strategyType\":\"marketMaking\",\"marketMakingParams\":\(Self.parameters)}")
            #expect(admin.status == .created)
            #expect(desk.calls == ["start \(Self.parameters)", "start \(Self.parameters)"])
        }
    }

    @Test(arguments: ["marketMaking", "pureMarketMaking"])
    func `the admin stops market making by either name (D12, H27)`(_ name: String) async throws {
        try await with { desk, send in
            let answer = try await send(
                .post, "/admin/strategy/stop", "{\"userId\":\"u\",\"clientId\":\"c\",\"strategyType\":\"\(name)\"}")
            #expect(answer.status == .created)
            #expect(desk.calls == ["stop u-c-pureMarketMaking"])
        }
    }

    @Test(arguments: [("martketMaking", 400), ("arbitrage", 501), ("volume", 501), ("", 400)])
    func `an unknown type is refused, never a silent success (D12, H27)`(_ name: String, _ status: Int) async throws {
        try await with { desk, send in
            let answer = try await send(
                .post, "/admin/strategy/stop", "{\"userId\":\"u\",\"clientId\":\"c\",\"strategyType\":\"\(name)\"}")
            #expect(answer.status.code == status)
            #expect(desk.calls == [])
        }
    }

    @Test func `stops are there as GET and as POST (D6)`() async throws {
        try await with { desk, send in
            let answer1 = try await send(.get, "/strategy/stop-marketmaking?userId=u&clientId=c", nil)
            #expect(answer1.status == .ok)
            let answer2 = try await send(.post, "/strategy/stop-marketmaking", #"{"userId":"u","clientId":"c"}"#)
            #expect(answer2.status == .ok)
            #expect(desk.calls == ["stop u-c-pureMarketMaking", "stop u-c-pureMarketMaking"])
        }
    }

    @Test func `a stop that is not confirmed yet says so (H27)`() async throws {
        try await with { desk, send in
            desk.state.withLock { $0.status = .stopping }
            let answer = try await send(.get, "/strategy/stop-marketmaking?userId=u&clientId=c", nil)
            #expect(answer.status == .accepted)
            #expect(try answer.json()["status"] == .string("stopping"))
        }
    }

    @Test(arguments: [
        (DeskError.unknownStrategy("k"), 404), (.invalid(["bidSpread 5: must be below 0.1"]), 400),
        (.unsupported("x"), 501), (.storageUnavailable("disk full"), 503), (.notReady("reconciling"), 503),
        (.unknownExchange("x"), 404), (.unknownInstrument("A/B", exchange: "x"), 400),
    ])
    func `what the desk refuses comes as what it is (D19)`(_ error: DeskError, _ status: Int) async throws {
        try await with { desk, send in
            desk.fail(error)
            let answer3 = try await send(.post, "/strategy/rerun", #"{"strategyKey":"k"}"#)
            #expect(answer3.status.code == status)
            let answer4 = try await send(.get, "/strategy/stop-marketmaking?userId=u&clientId=c", nil)
            #expect(answer4.status.code == status)
            let answer5 = try await send(.post, "/strategy/execute-pure-market-making", Self.parameters)
            #expect(answer5.status.code == status)
        }
    }

    @Test(arguments: [
        "/strategy/execute-arbitrage", "/strategy/execute-volume-strategy", "/strategy/stop-volume-strategy",
        "/strategy/join",
    ])
    func `what is not offered says 501 after judging the body`(_ path: String) async throws {
        let full = #"""
            {"userId":"u","clientId":"c","pair":"A/B","amountToTrade":1,"minProfitability":0.1,"exchangeAName":"a","exchangeBName":"b","exchangeName":"x","symbol":"A/B","incrementPercentage":1,"intervalTime":1,"tradeAmount":1,"numTrades":1,"pricePushRate":1,"strategyKey":"k","amount":1,"transactionHash":"h","tokenSymbol":"t","chainId":1,"tokenAddress":"0x"}
            """#
        try await with { _, send in
            let answer6 = try await send(.post, path, "{}")
            #expect(answer6.status == .badRequest)
            let answer = try await send(.post, path, full)
            #expect(answer.status == .notImplemented)
            #expect(try answer.json()["error"] == .string("Not Implemented"))
        }
    }

    @Test func `CSV is quoted, and no field is a formula`() async throws {
        try await with { _, send in
            let answer = try await send(.get, "/performance/u/export.csv", nil)
            #expect(answer.headers[.contentType] == "text/csv; charset=utf-8")
            #expect(
                answer.text
                    == "id,userId,clientId,strategyType,profitLoss,executedAt,additionalMetrics\r\n1,'=cmd(),\"a,\"\"b\"\"\",pureMarketMaking,-0.3,2025-10-09T08:53:20.000Z,\"{\"\"a\"\":1}\"\r\n"
            )
        }
    }

    @Test func `the order book has asks worst first, as the web client reads them`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            let answer = try await client.execute(
                uri: "/market/orderbook?exchange=paper&symbol=BTC%2FUSDT", method: .get,
                headers: [.authorization: "Bearer \(try await TestAPI.token(client))"])
            #expect(answer.text.contains(#""bids":[[99.5,1]],"asks":[[101,2],[100.5,1]]"#))
            #expect(api.desk.calls == ["book paper BTC/USDT 20"])
        }
    }

    @Test(arguments: [
        (Int64.min, "1677-09-21T00:12:43.145Z"), (-1, "1969-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123_999_999, "2023-11-14T22:13:20.123Z"), (.max, "2262-04-11T23:47:16.854Z"),
    ])
    func `any time that can be kept can be told, in UTC (D59)`(_ nanoseconds: Int64, _ text: String) {
        #expect(WireTime.text(Timestamp(nanoseconds: nanoseconds)) == text)
    }

    @Test func `health tells what stops trading`() async throws {
        let api = try TestAPI()
        try await api.withClient { client in
            #expect(try await client.execute(uri: "/health", method: .get).text == #"[{"Paper":"alive"}]"#)
            api.desk.state.withLock { $0.health.faults = ["storage: disk full"] }
            #expect(try await client.execute(uri: "/health", method: .get).status == .serviceUnavailable)
            let ready = try await client.execute(uri: "/health/ready", method: .get)
            #expect(ready.status == .serviceUnavailable)
            #expect(ready.text.contains("disk full"))
            #expect(try await client.execute(uri: "/health/exchange/nope", method: .get).status == .badRequest)
            #expect(
                try await client.execute(uri: "/health/exchange/paper", method: .get).text
                    == #"{"statusCode":200,"message":"alive"}"#)
            let metrics = try await client.execute(uri: "/health/prometheus", method: .get)
            #expect(metrics.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(metrics.text.contains("mrmarket_up 0\n"))
            #expect(
                metrics.text.contains(#"mrmarket_http_requests_total{method="GET",route="/health",status="200"} 1"#))
        }
    }

    @Test func `every figure of an executor can be scraped, and an inspection tells the markout`() async throws {
        try await with { desk, send in
            var executor = DeskHealth.Executor(
                name: "paper/a\"b\\c/BTC-USDT", sessionCount: 2, openOrderCount: 8, unknownOrderCount: 1,
                lastMarketData: Timestamp(nanoseconds: 1_760_000_000_500_000_000), isTrusted: true)
            executor.decisions.record(nanoseconds: 2_000)
            desk.state.withLock { $0.health.executors = [executor] }
            let text = try await send(.get, "/health/prometheus", nil).text
            let owner = #"{executor="paper/a\"b\\c/BTC-USDT"}"#
            for line in [
                "mrmarket_sessions\(owner) 2", "mrmarket_open_orders\(owner) 8", "mrmarket_unknown_orders\(owner) 1",
                "mrmarket_market_trusted\(owner) 1",
                "mrmarket_market_data_timestamp_seconds\(owner) 1760000000.5",
                "mrmarket_decision_seconds_count\(owner) 1",
            ] { #expect(text.contains(line + "\n"), "\(line)") }
            let inspection = try await send(.get, "/strategy/inspect?strategyKey=k", nil).json()
            #expect(inspection["markout1sBasisPoints"] == .number("0.0"))
        }
    }

    @Test func `the address cannot stand in for the body (D1)`() async throws {
        try await with { desk, send in
            let body = #"{"scope":"account","id":"paper/default","state":"ACTIVE","reason":"r"}"#
            let answer = try await send(.post, "/admin/trading-state?scope=server&state=HALTED", body)
            #expect(answer.status == .ok)
            let strange = try await send(.post, "/admin/trading-state?state=FOO", body)
            #expect(strange.status == .ok)
            let missing = try await send(.post, "/strategy/rerun?strategyKey=k", "{}")
            #expect(missing.status == .badRequest)
            let wanted = #"state account("paper/default") active r"#
            #expect(desk.calls == [wanted, wanted])
        }
    }

    @Test func `trading states are set with scope, state and reason`() async throws {
        try await with { desk, send in
            let answer7 = try await send(.post, "/admin/trading-state", #"{"scope":"account","state":"HALTED"}"#)
            #expect(answer7.status == .badRequest)
            let long = #"{"scope":"server","state":"HALTED","reason":""# + String(repeating: "r", count: 501) + #""}"#
            let refused = try await send(.post, "/admin/trading-state", long)
            #expect(refused.status == .badRequest)
            #expect(refused.text.contains("must be a text of at most 500 characters"))
            let mistyped = try await send(
                .post, "/admin/trading-state", #"{"scope":"server","id":"paper/default","state":"ACTIVE"}"#)
            #expect(mistyped.status == .badRequest)
            #expect(mistyped.text.contains("id paper/default: must be absent with scope server"))
            let answer8 = try await send(
                .post, "/admin/trading-state",
                #"{"scope":"account","id":"paper/default","state":"HALTED","reason":"drill"}"#
            )
            #expect(answer8.status == .ok)
            #expect(desk.calls == [#"state account("paper/default") halted drill"#])
        }
    }
}
