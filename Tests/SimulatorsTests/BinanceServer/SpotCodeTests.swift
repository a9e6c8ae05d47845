import Exchanges
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// Codes that clients act on, with the status that each comes with.
@Suite("What is not there, by code and status")
struct SpotCodeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var verb: EndpointRequest.Verb
        var path: String
        var query = ""
        var status: Int
        var code: Int
        var place = SpotRunning.Place.query
        var who: String? = "A"

        var testDescription: String { "\(verb.rawValue) \(path)?\(query)" }
    }

    private static let stranger = "listenKey=" + String(repeating: "x", count: 64)
    private static let symbol = "symbol=BTCUSDT"

    static let cases = [
        Case(verb: .put, path: "/api/v3/userDataStream", query: stranger, status: 400, code: -1125),
        Case(verb: .delete, path: "/api/v3/userDataStream", query: stranger, status: 400, code: -1125),
        Case(verb: .put, path: "/api/v3/userDataStream", query: stranger, status: 400, code: -1125, place: .body),
        Case(verb: .delete, path: "/api/v3/userDataStream", query: stranger, status: 400, code: -1125, place: .body),
        Case(verb: .put, path: "/api/v3/userDataStream", status: 400, code: -1102),
        Case(verb: .delete, path: "/api/v3/userDataStream", query: "listenKey=", status: 400, code: -1102),
        Case(verb: .delete, path: "/api/v3/userDataStream", query: stranger, status: 401, code: -2014, who: nil),
        Case(verb: .delete, path: "/api/v3/order", query: symbol + "&orderId=77", status: 400, code: -2011),
        Case(verb: .delete, path: "/api/v3/order", query: symbol + "&origClientOrderId=no", status: 400, code: -2011),
        Case(
            verb: .delete, path: "/api/v3/order", query: symbol + "&origClientOrderId=no", status: 400, code: -2011,
            place: .body),
        Case(verb: .delete, path: "/api/v3/openOrders", query: symbol, status: 400, code: -2011),
        Case(verb: .delete, path: "/api/v3/order", query: symbol, status: 400, code: -1102),
        Case(verb: .get, path: "/api/v3/order", query: symbol + "&orderId=77", status: 400, code: -2013),
        Case(
            verb: .put, path: "/api/v3/order/amend/keepPriority", query: symbol + "&orderId=77&newQty=1", status: 400,
            code: -2013),
        Case(verb: .get, path: "/api/v3/openOrders", query: "symbol=NOSUCH", status: 400, code: -1121),
        Case(verb: .delete, path: "/api/v3/openOrders", query: "symbol=NOSUCH", status: 400, code: -1121),
        Case(verb: .get, path: "/api/v3/nothing", status: 404, code: -1000),
    ]

    @Test("Unknown listen keys, orders, symbols and paths", arguments: cases)
    func unknown(_ one: Case) async throws {
        let folder = try TemporaryFolder()
        var configuration = try FixedMarket.configuration()
        configuration.servesListenKeys = true
        let exchange = try await SpotRunning(folder.path + "/spot.db", configuration)
        let isStream = one.path.hasSuffix("userDataStream")
        // Listen keys go by the key alone, orders by a signature.
        let answer =
            isStream
            ? try await exchange.ask(
                one.verb, one.path, one.query, in: one.place, key: one.who.map { "KEY\($0)" })
            : try await exchange.ask(one.verb, one.path, one.query, as: one.who, in: one.place)
        #expect(answer.status == one.status && answer.code == one.code, "\(answer.status) \(answer.json)")
        await exchange.stop()
    }

    @Test("A listen key is its account's, ends when it is closed, and its stream with it")
    func listenKey() async throws {
        let folder = try TemporaryFolder()
        var configuration = try FixedMarket.configuration()
        configuration.servesListenKeys = true
        let exchange = try await SpotRunning(folder.path + "/spot.db", configuration)
        let path = "/api/v3/userDataStream"
        let key = try #require(try await exchange.ask(.post, path, key: "KEYA").text("listenKey"))
        #expect(try await exchange.ask(.post, path, key: "KEYA").text("listenKey") == key)
        #expect(try await exchange.ask(.delete, path, "listenKey=\(key)", key: "KEYB").code == -1125)
        #expect(try await exchange.ask(.put, path, "listenKey=\(key)", key: "KEYA").json == .object([]))
        try await exchange.connect("/ws/\(key)") { talk in
            let order = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=59000"
            _ = try await exchange.ask(.post, "/api/v3/order", order, as: "A")
            _ = try await talk.wait("a report") { $0["x"] == .string("NEW") }
            #expect(try await exchange.ask(.delete, path, "listenKey=\(key)", key: "KEYA").json == .object([]))
            _ = try await exchange.ask(.post, "/api/v3/order", order, as: "A")
            _ = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
            talk.say(#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
            let list = try await talk.wait("the list") { $0["id"] == .number("1") }
            #expect(list["result"] == .array([]))
            #expect(talk.messages.count { $0["x"] == .string("NEW") } == 1)
            talk.finish()
        }
        #expect(try await exchange.ask(.put, path, "listenKey=\(key)", key: "KEYA").code == -1125)
        #expect(try await exchange.ask(.delete, path, "listenKey=\(key)", key: "KEYA").code == -1125)
        await exchange.stop()
    }
}
