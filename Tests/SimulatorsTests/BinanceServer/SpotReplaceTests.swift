import Exchanges
import TestSupport
import Testing
import TradingCore

@testable import Simulators

@Suite("Cancel and replace")
struct SpotReplaceTests {
    private static let old = "side=BUY&type=LIMIT_MAKER&quantity=1&price=59000"

    private func replace(
        _ bench: SpotBench, _ old: String, with text: String, requiresCancel: Bool
    ) throws -> SpotOutcome {
        bench.core.perform(
            .replace(
                bench.cancel("alice", old), try bench.order("alice", text, id: "new"), requiresCancel: requiresCancel))
    }

    /// The price off the tick, the quantity off the step, worth too little: each leaves the old order where it was.
    @Test(
        "A new order that fails a filter is refused before the cancel is looked at",
        arguments: [
            ("side=BUY&type=LIMIT_MAKER&quantity=1&price=59000.001", "PRICE_FILTER"),
            ("side=BUY&type=LIMIT_MAKER&quantity=0.000001&price=59000", "LOT_SIZE"),
            ("side=BUY&type=LIMIT_MAKER&quantity=0.00001&price=59000", "NOTIONAL"),
        ], [true, false])
    func filters(new: (text: String, filter: String), requiresCancel: Bool) throws {
        let bench = try SpotBench()
        try bench.place("alice", Self.old, id: "old")
        let before = bench.core.events.count
        let outcome = try replace(bench, "old", with: new.text, requiresCancel: requiresCancel)
        #expect(outcome.refusal == .filter(new.filter))
        #expect(bench.status("alice", "old") == "NEW" && bench.core.events.count == before)
        // Also where there is nothing to cancel: the filters come first.
        #expect(
            try replace(bench, "nowhere", with: new.text, requiresCancel: requiresCancel).refusal
                == .filter(new.filter))
    }

    @Test("The number of open orders is a filter too, with the old one counted")
    func openOrders() throws {
        let bench = try SpotBench()
        bench.core.markets[0].filters.mostOrders = 1
        try bench.place("alice", Self.old, id: "old")
        #expect(try replace(bench, "old", with: Self.old, requiresCancel: true).refusal == .filter("MAX_NUM_ORDERS"))
        #expect(bench.status("alice", "old") == "NEW")
    }

    @Test("Funds that the old order holds are there for the new one; what would take ends the old one all the same")
    func afterTheCancel() throws {
        let bench = try SpotBench()
        try bench.place("alice", "side=BUY&type=LIMIT_MAKER&quantity=16&price=59000", id: "old")
        let outcome = try replace(
            bench, "old", with: "side=BUY&type=LIMIT_MAKER&quantity=16&price=59001", requiresCancel: true)
        guard case .replaced(.success, .success?) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        let taking = bench.core.perform(
            .replace(
                bench.cancel("alice", "new"),
                try bench.order("alice", "side=BUY&type=LIMIT_MAKER&quantity=1&price=61000", id: "taker"),
                requiresCancel: true))
        guard case .replaced(.success, .failure(let error)?) = taking else {
            Issue.record("\(taking)")
            return
        }
        #expect(error == .wouldTake && bench.status("alice", "new") == "CANCELED")
    }

    @Test(
        "Over REST a filter is told plainly, a failed cancel as −2022 with both halves, which counts as an order all the same"
    )
    func told() async throws {
        let folder = try TemporaryFolder()
        let exchange = try await SpotRunning(folder.path + "/spot.db", FixedMarket.configuration())
        _ = try await exchange.ask(
            .post, "/api/v3/order", "symbol=BTCUSDT&newClientOrderId=old&" + Self.old, as: "A")
        let query = "symbol=BTCUSDT&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId="
        let filtered = try await exchange.ask(
            .post, "/api/v3/order/cancelReplace", query + "old&" + Self.old.replacing("59000", with: "59000.001"),
            as: "A")
        #expect(filtered.status == 400 && filtered.code == -1013 && filtered.json["data"] == nil)
        let open = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
        #expect(open.json.elements.map { $0["clientOrderId"] } == [.string("old")])
        let unknown = try await exchange.ask(
            .post, "/api/v3/order/cancelReplace", query + "nowhere&" + Self.old, as: "A")
        #expect(unknown.status == 400 && unknown.code == -2022)
        let limits = try await exchange.ask(.get, "/api/v3/rateLimit/order", as: "A")
        #expect(limits.json.elements.last?["count"] == .number("2"))
        #expect(unknown.json["data"]?["newOrderResult"] == .string("NOT_ATTEMPTED"))
        #expect(unknown.json["data"]?["cancelResponse"]?["code"] == .number("-2011"))
        await exchange.stop()
    }

    /// With the order count used up; the old order is there or not.
    @Test(
        "Where no more orders may be placed, CANCEL_ONLY cancels all the same, and 429 tells both halves",
        arguments: [
            ("STOP_ON_FAILURE", "old", -2021, "SUCCESS", "FAILURE"),
            ("STOP_ON_FAILURE", "nowhere", -2022, "FAILURE", "NOT_ATTEMPTED"),
            ("ALLOW_FAILURE", "nowhere", -2022, "FAILURE", "FAILURE"),
        ])
    func cancelOnly(mode: String, old: String, code: Int, cancelled: String, placed: String) async throws {
        let folder = try TemporaryFolder()
        let exchange = try await SpotRunning(folder.path + "/spot.db", FixedMarket.configuration())
        _ = try await exchange.ask(.post, "/api/v3/order", "symbol=BTCUSDT&newClientOrderId=old&" + Self.old, as: "A")
        // The day's, for ten seconds are soon over on a busy machine.
        await exchange.exchange.useUpTheDay(of: "alice")
        let query = "symbol=BTCUSDT&\(Self.old)&cancelReplaceMode=\(mode)&cancelOrigClientOrderId=\(old)"
        let nothing = try await exchange.ask(.post, "/api/v3/order/cancelReplace", query, as: "A")
        #expect(nothing.status == 429 && nothing.code == -1015)
        let answer = try await exchange.ask(
            .post, "/api/v3/order/cancelReplace", query + "&orderRateLimitExceededMode=CANCEL_ONLY", as: "A")
        #expect(answer.status == 429 && answer.code == code && answer.header("Retry-After") != nil)
        let data = answer.json["data"]
        #expect(data?["cancelResult"] == .string(cancelled) && data?["newOrderResult"] == .string(placed))
        if placed == "FAILURE" { #expect(data?["newOrderResponse"]?["code"] == .number("-1015")) }
        let open = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
        #expect(open.json.elements.count == (old == "old" ? 0 : 1))
        await exchange.stop()
    }
}
