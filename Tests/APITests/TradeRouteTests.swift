import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MarketMaking
import NIOCore
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import API

/// `/trade/…`: what is asked of the desk, and how its answers look.
@Suite struct TradeRouteTests {
    private func send(
        _ api: TestAPI, _ path: String, _ body: String? = "{}", method: HTTPRequest.Method = .post
    ) async throws -> (status: Int, text: String) {
        let answer = Mutex((0, ""))
        try await api.withClient { client in
            let token = try await TestAPI.token(client)
            let response = try await client.execute(
                uri: path, method: method,
                headers: [.authorization: "Bearer \(token)", .contentType: "application/json"],
                body: body.map { ByteBuffer(string: $0) })
            answer.withLock { $0 = (response.status.code, response.text) }
        }
        return answer.withLock { $0 }
    }

    private static let common =
        #""userId":"u","clientId":"c","exchange":"paper","symbol":"BTC/USDT","side":"buy","amount":0.010"#

    @Test func `a limit order is told as the original's library tells one, digits exact`() async throws {
        let api = try TestAPI()
        let answer = try await send(
            api, "/trade/limit", "{\(Self.common),\"price\":60000.10,\"accountLabel\":\"two\",\"requestId\":\"r1\"}")
        #expect(answer.status == 201)
        #expect(api.desk.calls == ["limit paper/two BTC/USDT buy 0.01 60000.1 false r1"])
        let order = try JSONValue(answer.text)
        #expect(order["id"] == .string("77") && order["status"] == .string("open"))
        #expect(order["price"] == .number("60000.1") && order["amount"] == .number("0.01"))
        #expect(order["remaining"] == .number("0.01") && order["average"] == .null)
        #expect(order["exchange"] == .string("paper") && order["account"] == .string("default"))
    }

    @Test func `a market order is returned (D22)`() async throws {
        let api = try TestAPI()
        api.desk.state.withLock { $0.orderStatus = .filled }
        let answer = try await send(api, "/trade/market", "{\(Self.common)}")
        #expect(answer.status == 201 && answer.text.contains(#""status":"closed""#))
        #expect(api.desk.calls == ["market paper/default BTC/USDT buy 0.01 - false -"])
    }

    @Test(arguments: ["IOC", "FOK"]) func `a limit order may live for a moment`(_ code: String) async throws {
        let api = try TestAPI()
        let answer = try await send(
            api, "/trade/limit", "{\(Self.common),\"price\":60000,\"timeInForce\":\"\(code)\"}")
        #expect(answer.status == 201)
        #expect(api.desk.calls == ["limit paper/default BTC/USDT buy 0.01 60000 false - \(code)"])
    }

    @Test(arguments: [OrderStatus.unknown, .pending])
    func `a lost answer is a 202 that says unknown (H36)`(_ status: OrderStatus) async throws {
        let api = try TestAPI()
        api.desk.state.withLock { $0.orderStatus = status }
        let answer = try await send(api, "/trade/limit", "{\(Self.common),\"price\":\"60000\"}")
        #expect(answer.status == 202 && answer.text.contains(#""status":"unknown""#))
    }

    @Test func `a cancel names exchange, account and order (H37, D23)`() async throws {
        let api = try TestAPI()
        api.desk.state.withLock { $0.orderStatus = .cancelled }
        let done = try await send(api, "/trade/cancel/77/BTC%2FUSDT?exchange=paper&accountLabel=default", nil)
        #expect(done.status == 200 && done.text.isEmpty)
        #expect(api.desk.calls == ["cancel 77 BTC/USDT paper/default"])
        api.desk.state.withLock { $0.orderStatus = .cancelling }
        let pending = try await send(api, "/trade/cancel/77/BTC%2FUSDT", nil)
        #expect(pending.status == 202 && pending.text.contains(#""status":"canceling""#))
    }

    @Test func `what the desk would not has each its status`() async throws {
        let api = try TestAPI()
        let cases: [(DeskError, Int)] = [
            (.unknownOrder("5"), 404), (.refused("TRADING_HALTED: x"), 409), (.exchangeRefused("no funds"), 422),
            (.invalid(["price 1: must be more"]), 400), (.unknownExchange("x"), 404), (.notReady("x"), 503),
        ]
        for (error, status) in cases {
            api.desk.fail(error)
            let answer = try await send(api, "/trade/limit", "{\(Self.common),\"price\":\"60000\"}")
            #expect(answer.status == status, "\(answer.text)")
        }
        api.desk.fail(.exchangeRefused("no funds"))
        #expect(
            try await send(api, "/trade/market", "{\(Self.common)}").text.contains("Trade execution failed: no funds"))
        api.desk.fail(nil)
        #expect(try await send(api, "/trade/order/77", nil, method: .get).status == 200)
    }

    @Test(arguments: [
        ("limit", #""timeInForce":"""#, 400), ("limit", #""requestId":"""#, 400), ("market", #""requestId":"""#, 400),
        ("limit", #""timeInForce":"GTX""#, 400), ("limit", #""timeInForce":"IOC""#, 201),
        ("limit", #""timeInForce":"FOK""#, 201), ("market", #""timeInForce":"IOC""#, 400),
        ("limit", #""timeInForce":"GTC","type":"limit""#, 201),
        ("limit", #""type":"market""#, 400), ("limit", #""cost":5"#, 400), ("limit", #""clientOrderId":"x""#, 400),
        ("limit", #""account":"second""#, 400), ("limit", #""cost":null"#, 201),
        ("market", #""quoteOrderQty":5"#, 400), ("market", #""price":60000"#, 400), ("market", #""type":"limit""#, 400),
        ("market", #""type":"market""#, 201),
    ])
    func `what would make it another order is done or refused, never passed over`(
        _ case: (path: String, more: String, status: Int)
    ) async throws {
        let api = try TestAPI()
        let price = `case`.path == "limit" ? ",\"price\":60000" : ""
        let answer = try await send(api, "/trade/\(`case`.path)", "{\(Self.common)\(price),\(`case`.more)}")
        #expect(answer.status == `case`.status, "\(answer.text)")
        #expect(api.desk.calls.count == (`case`.status == 201 ? 1 : 0))
        // Field, value and rule.
        let field = `case`.more.split(separator: "\"")[0]
        #expect(`case`.status == 201 || answer.text.contains("\(field) ") && answer.text.contains("must be"))
    }

    @Test(arguments: [
        (#"{"userId":"u","clientId":"c","exchange":"p","symbol":"B/U","side":"hold","amount":1,"price":1}"#, "side"),
        (#"{"userId":"u","clientId":"c","exchange":"p","symbol":"B/U","side":"buy","amount":0,"price":1}"#, "amount"),
        (
            #"{"userId":"u","clientId":"c","exchange":"p","symbol":"B/U","side":"buy","amount":"-1","price":1}"#,
            "amount"
        ),
        (#"{"userId":"u","clientId":"c","exchange":"p","symbol":"B/U","side":"buy","amount":1,"price":0}"#, "price"),
        (
            #"{"userId":"u","clientId":"c","exchange":"p","symbol":"B/U","side":"buy","amount":1,"price":1e999}"#,
            "price"
        ),
    ])
    func `bad fields are 400s that name them`(_ bad: (String, String)) async throws {
        let api = try TestAPI()
        let answer = try await send(api, "/trade/limit", bad.0)
        #expect(answer.status == 400 && answer.text.contains("\"\(bad.1)"), "\(answer.text)")
        #expect(api.desk.calls == [])
    }
}
