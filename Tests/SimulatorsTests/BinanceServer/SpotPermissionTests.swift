import Exchanges
import TestSupport
import Testing
import TradingCore

@testable import Simulators

@Suite("What a key may do")
struct SpotPermissionTests {
    private func run(
        _ permissions: SpotPermissions, _ body: (SpotRunning) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        var configuration = try FixedMarket.configuration()
        configuration.accounts[0].keys.append(SpotKey("KEYX", .secret(Secret("SECRETX")), permissions))
        let exchange = try await SpotRunning(folder.path + "/spot.db", configuration)
        do { try await body(exchange) } catch {
            await exchange.stop()
            throw error
        }
        await exchange.stop()
    }

    private static let order = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=59000"
    private static let trading: [(EndpointRequest.Verb, String, String)] = [
        (.post, "/api/v3/order", order), (.post, "/api/v3/order/test", order),
        (.delete, "/api/v3/order", "symbol=BTCUSDT&orderId=1"), (.delete, "/api/v3/openOrders", "symbol=BTCUSDT"),
        (.post, "/api/v3/order/cancelReplace", order + "&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=1"),
        (.put, "/api/v3/order/amend/keepPriority", "symbol=BTCUSDT&orderId=1&newQty=0.01"),
    ]
    private static let reading: [(EndpointRequest.Verb, String, String)] = [
        (.get, "/api/v3/account", ""), (.get, "/api/v3/openOrders", "symbol=BTCUSDT"),
        (.get, "/api/v3/myTrades", "symbol=BTCUSDT"), (.get, "/sapi/v1/account/apiRestrictions", ""),
        (.get, "/sapi/v1/asset/tradeFee", ""),
    ]

    @Test("A key that may not trade is refused on everything that changes orders, and looks all the same")
    func readOnly() async throws {
        try await run(SpotPermissions(canTrade: false)) { exchange in
            _ = try await exchange.ask(.post, "/api/v3/order", Self.order, as: "A")
            for (verb, path, query) in Self.trading {
                let answer = try await exchange.ask(verb, path, query, as: "X")
                #expect(answer.status == 401 && answer.code == -2015, "\(path): \(answer.json)")
            }
            for (verb, path, query) in Self.reading {
                #expect(try await exchange.ask(verb, path, query, as: "X").status == 200, "\(path)")
            }
            let open = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "X")
            #expect(open.json.elements.map { $0["status"] } == [.string("NEW")])
            try await exchange.connect("/ws-api/v3") { talk in
                let placed = try await talk.ask(
                    "order.place",
                    [
                        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.1",
                        "price": "59000",
                    ], as: "X", id: 1)
                #expect(placed["status"] == .number("401") && placed["error"]?["code"] == .number("-2015"))
                let heard = try await talk.ask("userDataStream.subscribe.signature", as: "X", id: 2)
                #expect(heard["status"] == .number("200"))
                talk.finish()
            }
        }
    }

    @Test("A key that may not read trades and sees nothing")
    func blind() async throws {
        try await run(SpotPermissions(canRead: false)) { exchange in
            let placed = try await exchange.ask(.post, "/api/v3/order", Self.order, as: "X")
            #expect(placed.status == 200)
            for (verb, path, query) in Self.reading {
                let answer = try await exchange.ask(verb, path, query, as: "X")
                #expect(answer.code == -2015, "\(path)")
            }
        }
    }

    @Test("A key bound to other addresses is refused from here, one bound to this one is not")
    func addresses() async throws {
        try await run(SpotPermissions(addresses: ["10.1.2.3"])) { exchange in
            let answer = try await exchange.ask(.get, "/api/v3/account", as: "X")
            #expect(answer.status == 401 && answer.code == -2015)
            #expect(try await exchange.ask(.post, "/api/v3/order", Self.order, as: "X").code == -2015)
            #expect(try await exchange.ask(.get, "/api/v3/account", as: "A").status == 200)
        }
        try await run(SpotPermissions(addresses: ["10.1.2.3", "127.0.0.1"])) { exchange in
            let told = try await exchange.ask(.get, "/sapi/v1/account/apiRestrictions", as: "X")
            #expect(told.json["ipRestrict"] == .bool(true))
        }
    }

    @Test("The key's rights are told as Binance does")
    func told() async throws {
        try await run(SpotPermissions(canTrade: false, canWithdraw: true)) { exchange in
            let told = try await exchange.ask(.get, "/sapi/v1/account/apiRestrictions", as: "X")
            #expect(told.status == 200 && told.number("createTime") != nil)
            let flags = [
                "ipRestrict", "enableReading", "enableSpotAndMarginTrading", "enableWithdrawals", "enableMargin",
                "enableFutures", "enableInternalTransfer", "permitsUniversalTransfer", "enableVanillaOptions",
            ]
            #expect(
                flags.map { told.json[$0] }
                    == [false, true, false, true, false, false, false, false, false].map { .bool($0) })
            #expect(try await exchange.ask(.get, "/sapi/v1/account/apiRestrictions").code == -2014)
        }
    }
}
