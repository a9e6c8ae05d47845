import Exchanges
import TestSupport
import Testing
import TradingCore

@testable import Simulators

@Suite("Trading over the WebSocket API")
struct SpotSocketTradingTests {
    private func run(
        _ body: @Sendable @escaping (SpotRunning, SpotRunning.Conversation) async throws -> Void
    )
        async throws
    {
        let folder = try TemporaryFolder()
        let exchange = try await SpotRunning(folder.path + "/spot.db", FixedMarket.configuration())
        try await exchange.connect("/ws-api/v3") { talk in
            try await body(exchange, talk)
            talk.finish()
        }
        await exchange.stop()
    }

    private static let symbol = ["symbol": "BTCUSDT"]

    private static func order(_ id: String, price: String, quantity: String = "0.1") -> [String: String] {
        [
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": price,
            "quantity": quantity, "newClientOrderId": id,
        ]
    }

    @Test("An order is tried, placed, amended, replaced, filled and cancelled, all by one connection")
    func story() async throws {
        try await run { exchange, talk in
            let tried = try await talk.ask("order.test", Self.order("a", price: "59000"), as: "A", id: 1)
            #expect(tried["status"] == .number("200") && tried["result"] == .object([]))
            let placed = try await talk.ask("v3/order.place", Self.order("a", price: "59000"), as: "A", id: 2)
            #expect(placed["result"]?["status"] == .string("NEW") && placed["result"]?["fills"] == .array([]))
            let amended = try await talk.ask(
                "order.amend.keepPriority", Self.symbol.with("origClientOrderId", "a").with("newQty", "0.05"), as: "A",
                id: 3)
            #expect(amended["result"]?["amendedOrder"]?["origQty"] == .string("0.05000000"))
            let replaced = try await talk.ask(
                "order.cancelReplace",
                Self.order("b", price: "60010").with("cancelReplaceMode", "STOP_ON_FAILURE")
                    .with("cancelOrigClientOrderId", "a"), as: "A", id: 4)
            #expect(replaced["result"]?["cancelResult"] == .string("SUCCESS"))
            #expect(replaced["result"]?["newOrderResponse"]?["status"] == .string("FILLED"))
            for (number, id) in ["c", "d", "e"].enumerated() {
                _ = try await talk.ask("order.place", Self.order(id, price: "59000"), as: "A", id: 5 + number)
            }
            let cancelled = try await talk.ask(
                "order.cancel", Self.symbol.with("origClientOrderId", "c"), as: "A", id: 8)
            #expect(cancelled["result"]?["status"] == .string("CANCELED"))
            let all = try await talk.ask("openOrders.cancelAll", Self.symbol, as: "A", id: 9)
            #expect(all["result"]?.elements.map { $0["origClientOrderId"] } == [.string("d"), .string("e")])
            let none = try await talk.ask("openOrders.cancelAll", Self.symbol, as: "A", id: 10)
            #expect(none["status"] == .number("400") && none["error"]?["code"] == .number("-2011"))
        }
    }

    /// One core answers both: what is looked at by message is what is looked at by REST.
    @Test(
        "Looks give what REST gives",
        arguments: [
            ("order.status", "GET /api/v3/order", "origClientOrderId=a"),
            ("openOrders.status", "GET /api/v3/openOrders", ""), ("allOrders", "GET /api/v3/allOrders", "limit=5"),
            ("myTrades", "GET /api/v3/myTrades", "limit=5"),
            ("account.commission", "GET /api/v3/account/commission", ""),
        ])
    func looks(method: String, route: String, query: String) async throws {
        try await run { exchange, talk in
            _ = try await talk.ask(
                "order.place", Self.order("a", price: "60010", quantity: "3"), as: "A", id: 1)
            var parameters = Self.symbol
            for pair in query.split(separator: "&") {
                let sides = pair.split(separator: "=").map(String.init)
                parameters[sides[0]] = sides[1]
            }
            let told = try await talk.ask(method, parameters, as: "A", id: 2)
            let path = try #require(route.split(separator: " ").last)
            let rest = try await exchange.ask(
                .get, String(path), "symbol=BTCUSDT" + (query.isEmpty ? "" : "&" + query), as: "A")
            #expect(rest.status == 200 && rest.json != .array([]))
            #expect(told["result"] == rest.json, "\(told)")
        }
    }

    @Test("The account and its order counts too")
    func account() async throws {
        try await run { exchange, talk in
            _ = try await talk.ask("order.place", Self.order("a", price: "59000"), as: "A", id: 1)
            let told = try await talk.ask("account.status", ["omitZeroBalances": "true"], as: "A", id: 2)
            let rest = try await exchange.ask(.get, "/api/v3/account", "omitZeroBalances=true", as: "A")
            #expect(told["result"]?["balances"] == rest.json["balances"] && rest.status == 200)
            let counts = try await talk.ask("account.rateLimits.orders", as: "A", id: 3)
            #expect(counts["result"]?.elements.map { $0["rateLimitType"] } == [.string("ORDERS"), .string("ORDERS")])
            #expect(counts["result"]?.elements.last?["count"] == .number("1"))
        }
    }

    @Test("Answers to orders tell the account's order counts before the weight; others the weight alone")
    func limits() async throws {
        try await run { _, talk in
            let placed = try await talk.ask("order.place", Self.order("a", price: "59000"), as: "A", id: 1)
            let limits = placed["rateLimits"]?.elements ?? []
            #expect(limits.map { $0["rateLimitType"]?.string } == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"])
            #expect(limits.map { $0["limit"]?.integer } == [100, 200_000, 6_000])
            #expect(limits.dropFirst().first?["count"] == .number("1"))
            let status = try await talk.ask(
                "order.status", Self.symbol.with("origClientOrderId", "a"), as: "A", id: 2)
            #expect(status["rateLimits"]?.elements.map { $0["rateLimitType"]?.string } == ["REQUEST_WEIGHT"])
            let silent = try await talk.ask(
                "order.place", Self.order("b", price: "59000").with("returnRateLimits", "false"), as: "A", id: 3)
            #expect(silent["status"] == .number("200") && silent["rateLimits"] == nil)
        }
    }

    @Test("What is wrong is told with its code and its status, a half-done replacement with both halves")
    func refusals() async throws {
        try await run { exchange, talk in
            func refusal(
                _ method: String, _ parameters: [String: String], as who: String? = "A", id: Int
            ) async throws -> (Int64?, Int64?) {
                let answer = try await talk.ask(method, parameters, as: who, id: id)
                return (answer["status"]?.integer, answer["error"]?["code"]?.integer)
            }
            let good = Self.order("a", price: "59000")
            #expect(try await refusal("order.place", good, as: nil, id: 1) == (401, -2014))
            #expect(
                try await refusal("order.place", good.with("price", "60010").with("type", "LIMIT_MAKER"), id: 2)
                    == (400, -1106))
            #expect(try await refusal("order.place", good.with("quantity", "100"), id: 3) == (400, -2010))
            #expect(try await refusal("order.place", good.with("price", "59000.001"), id: 4) == (400, -1013))
            #expect(try await refusal("order.place", good.with("nonsense", "1"), id: 5) == (400, -1104))
            #expect(try await refusal("order.cancel", Self.symbol.with("orderId", "77"), id: 6) == (400, -2011))
            #expect(try await refusal("order.status", Self.symbol.with("orderId", "77"), id: 7) == (400, -2013))
            #expect(try await refusal("order.nowhere", [:], id: 8) == (400, -1000))
            _ = try await talk.ask("order.place", good, as: "A", id: 9)
            let half = try await talk.ask(
                "order.cancelReplace",
                Self.order("b", price: "59000", quantity: "100").with("cancelReplaceMode", "STOP_ON_FAILURE")
                    .with("cancelOrigClientOrderId", "a"), as: "A", id: 10)
            #expect(half["status"] == .number("409") && half["error"]?["code"] == .number("-2021"))
            #expect(half["error"]?["data"]?["cancelResult"] == .string("SUCCESS"))
            #expect(half["error"]?["data"]?["newOrderResponse"]?["code"] == .number("-2010"))
        }
    }

    @Test("Numbers are signed as they stand in the message, and a signature over anything else is refused")
    func signedNumbers() async throws {
        try await run { _, talk in
            func place(_ price: String, signed: String, id: Int) async throws -> JSONValue {
                let now = SpotRunning.now()
                let text =
                    "apiKey=KEYA&price=\(signed)&quantity=0.10&side=BUY&symbol=BTCUSDT&timeInForce=GTC&timestamp=\(now)&type=LIMIT"
                talk.say(
                    """
                    {"id":\(id),"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT",
                    "timeInForce":"GTC","quantity":0.10,"price":\(price),"timestamp":\(now),"apiKey":"KEYA",
                    "signature":"\(SpotRunning.signature(text, "SECRETA"))"}}
                    """)
                return try await talk.wait("the answer") { $0["id"] == .number("\(id)") }
            }
            let taken = try await place("59000.10", signed: "59000.10", id: 1)
            let forged = try await place("59000.10", signed: "59000.1", id: 2)
            #expect(taken["status"] == .number("200") && forged["error"]?["code"] == .number("-1022"))
        }
    }
}

extension [String: String] {
    fileprivate func with(_ key: String, _ value: String) -> Self {
        var all = self
        all[key] = value
        return all
    }
}
