import Exchanges
import Execution
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// What an account's stream tells of its orders, field by field.
@Suite("Reports of orders")
struct SpotReportTests {
    private func told(_ reports: [JSONValue], _ keys: String...) -> [String] {
        reports.map { report in
            keys.map { key in
                switch report[key] {
                case .string(let text)?, .number(let text)?: text
                case .bool(let flag)?: "\(flag)"
                case nil: "-"
                default: "?"
                }
            }.joined(separator: " ")
        }
    }

    /// 2 BTC are offered at 60 010. `w`: is it on the book? `W` comes with it.
    @Test(
        "An order is on the book once it rests, not while it takes",
        arguments: [
            ("type=LIMIT_MAKER&quantity=1&price=59000", ["NEW NEW true"]),
            ("type=LIMIT&timeInForce=GTC&quantity=1&price=60010", ["NEW NEW false", "TRADE FILLED false"]),
            (
                "type=LIMIT&timeInForce=GTC&quantity=3&price=60010",
                ["NEW NEW false", "TRADE PARTIALLY_FILLED true"]
            ),
            (
                "type=LIMIT&timeInForce=GTC&quantity=6&price=60020",
                ["NEW NEW false", "TRADE PARTIALLY_FILLED false", "TRADE PARTIALLY_FILLED true"]
            ),
            (
                "type=LIMIT&timeInForce=IOC&quantity=3&price=60010",
                ["NEW NEW false", "TRADE PARTIALLY_FILLED false", "EXPIRED EXPIRED false"]
            ),
            ("type=LIMIT&timeInForce=FOK&quantity=3&price=60010", ["NEW NEW false", "EXPIRED EXPIRED false"]),
            ("type=LIMIT&timeInForce=IOC&quantity=3&price=59000", ["NEW NEW false", "EXPIRED EXPIRED false"]),
            ("type=MARKET&quantity=1", ["NEW NEW false", "TRADE FILLED false"]),
        ])
    func onTheBook(text: String, expected: [String]) throws {
        let bench = try SpotBench()
        try bench.place("alice", "side=BUY&" + text)
        let reports = bench.reports("alice")
        #expect(told(reports, "x", "X", "w") == expected)
        #expect(reports.allSatisfy { ($0["W"] != nil) == ($0["w"] == .bool(true)) })
    }

    @Test("A resting order that fills in part stays on the book; cancelled it is off it")
    func maker() throws {
        let bench = try SpotBench()
        try bench.place("alice", "side=SELL&type=LIMIT_MAKER&quantity=1&price=60000", id: "ask")
        try bench.place("bob", "side=BUY&type=MARKET&quantity=0.4")
        _ = bench.core.perform(.cancel(bench.cancel("alice", "ask")))
        #expect(
            told(bench.reports("alice"), "x", "X", "w", "m")
                == ["NEW NEW true false", "TRADE PARTIALLY_FILLED true true", "CANCELED CANCELED false false"])
    }

    /// Alice offers 1 at 60 000 and bids for `quantity` at 60 000: what each of the two is told, and what the book keeps.
    @Test(
        "Every mode of self-trade prevention tells whom it takes from, how much, and by which match",
        arguments: [
            ("EXPIRE_TAKER", "1.5", ["2 TRADE_PREVENTION EXPIRED_IN_MATCH 1.50000000 1.50000000 0 1 false"], "1"),
            ("EXPIRE_MAKER", "1.5", ["1 TRADE_PREVENTION EXPIRED_IN_MATCH 1.00000000 1.00000000 0 2 false"], "1.5"),
            (
                "EXPIRE_BOTH", "1.5",
                [
                    "1 TRADE_PREVENTION EXPIRED_IN_MATCH 1.00000000 1.00000000 0 2 false",
                    "2 TRADE_PREVENTION EXPIRED_IN_MATCH 1.50000000 1.50000000 0 1 false",
                ], "0"
            ),
            (
                "DECREMENT", "1.5",
                [
                    "1 TRADE_PREVENTION EXPIRED_IN_MATCH 1.00000000 1.00000000 0 2 false",
                    "2 TRADE_PREVENTION NEW 1.00000000 1.00000000 0 1 true",
                ], "0.5"
            ),
            (
                "DECREMENT", "0.4",
                [
                    "1 TRADE_PREVENTION NEW 0.40000000 0.40000000 0 2 true",
                    "2 TRADE_PREVENTION EXPIRED_IN_MATCH 0.40000000 0.40000000 0 1 false",
                ], "0.6"
            ),
        ])
    func prevented(mode: String, quantity: String, expected: [String], left: String) throws {
        let bench = try SpotBench()
        let market = try bench.core.market("BTCUSDT")
        try bench.place("alice", "side=SELL&type=LIMIT_MAKER&quantity=1&price=60000", id: "maker")
        market.settleDepth()
        _ = market.depth.take(.fast)
        try bench.place(
            "alice",
            "side=BUY&type=LIMIT&timeInForce=GTC&quantity=\(quantity)&price=60000&selfTradePreventionMode=\(mode)",
            id: "taker")
        let reports = bench.reports("alice").filter { $0["x"] == .string("TRADE_PREVENTION") }
        #expect(told(reports, "i", "x", "X", "A", "B", "v", "U", "w") == expected)
        #expect(
            told(reports, "pl", "pL", "Cs", "u") == told(reports, "B").map { "\($0) 60000.00000000 BTCUSDT -1" })
        // The book shows what is left, and the depth stream tells every change of it.
        let ticks: Int64 = 6_000_000
        let (bid, ask) = (market.engine.shownLots(.buy, at: ticks), market.engine.shownLots(.sell, at: ticks))
        #expect(market.amount(bid + ask).description == left)
        let open = bench.core.records.open(.init(account: "alice", symbol: "BTCUSDT"))
        #expect(market.amount(open.reduce(0) { $0 + $1.remaining }).description == left)
        market.settleDepth()
        let update = market.depth.take(.fast)
        let toldAsk = update?.asks.first { $0.price.ticks == ticks }?.quantity.lots ?? 100_000_000
        #expect((update?.bids.first { $0.price.ticks == ticks }?.quantity.lots ?? 0) == bid && toldAsk == ask)
    }

    @Test("An order that prevention has made smaller is filled when the rest has traded")
    func smaller() throws {
        let bench = try SpotBench()
        try bench.place("alice", "side=SELL&type=LIMIT_MAKER&quantity=1&price=60000", id: "maker")
        try bench.place(
            "alice",
            "side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.4&price=60000&selfTradePreventionMode=DECREMENT")
        _ = bench.reports("alice")
        try bench.place("bob", "side=BUY&type=LIMIT&timeInForce=IOC&quantity=1&price=60000")
        #expect(
            told(bench.reports("alice"), "x", "X", "l", "z", "A") == ["TRADE FILLED 0.60000000 0.60000000 0.40000000"])
        #expect(bench.core.balance("alice", "BTC").locked.isZero)
    }

    @Test("A refused replacement is told as REJECTED with its reason, once its old order is gone")
    func rejected() throws {
        let bench = try SpotBench()
        try bench.place("alice", "side=BUY&type=LIMIT_MAKER&quantity=1&price=59000", id: "old")
        _ = bench.core.perform(
            .replace(
                bench.cancel("alice", "old"),
                try bench.order("alice", "side=BUY&type=LIMIT_MAKER&quantity=1&price=61000", id: "new"),
                requiresCancel: true))
        let reports = bench.reports("alice")
        #expect(
            told(reports, "c", "x", "X", "r", "w")
                == [
                    "old NEW NEW NONE true", "c-old CANCELED CANCELED NONE false",
                    "new REJECTED REJECTED WOULD_MATCH_IMMEDIATELY false",
                ])
        #expect(bench.status("alice", "new") == nil)
    }

    @Test("Answers and lists name prevented matches, and a restart remembers them")
    func asked() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/spot.db"
        let exchange = try await SpotRunning(path, FixedMarket.configuration())
        _ = try await exchange.ask(
            .post, "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER&quantity=1&price=60000", as: "A")
        let taker = try await exchange.ask(
            .post, "/api/v3/order",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=3&price=60000&selfTradePreventionMode=EXPIRE_BOTH",
            as: "A")
        #expect(taker.text("status") == "EXPIRED_IN_MATCH" && taker.text("preventedQuantity") == "3.00000000")
        let match = taker.json["preventedMatches"]?.elements.first
        #expect(match?["makerOrderId"] == .number("1") && match?["makerPreventedQuantity"] == .string("1.00000000"))
        #expect(match?["takerPreventedQuantity"] == .string("3.00000000"))
        await exchange.stop()
        let again = try await SpotRunning(path, FixedMarket.configuration())
        let maker = try await again.ask(.get, "/api/v3/order", "symbol=BTCUSDT&orderId=1", as: "A")
        #expect(maker.number("preventedMatchId") == 0 && maker.text("preventedQuantity") == "1.00000000")
        let byOrder = try await again.ask(.get, "/api/v3/myPreventedMatches", "symbol=BTCUSDT&orderId=1", as: "A")
        let row = try #require(byOrder.json.elements.first)
        #expect(row["takerOrderId"] == .number("2") && row["selfTradePreventionMode"] == .string("EXPIRE_BOTH"))
        #expect(row["price"] == .string("60000.00000000") && row["tradeGroupId"] == .number("-1"))
        let others = try await again.ask(.get, "/api/v3/myPreventedMatches", "symbol=BTCUSDT&orderId=1", as: "B")
        #expect(others.json == .array([]))
        #expect(try await again.ask(.get, "/api/v3/myPreventedMatches", "symbol=BTCUSDT", as: "A").code == -1102)
        await again.stop()
    }

    @Test("Money from outside is told as balanceUpdate and stays after a restart; what is not there cannot leave")
    func transfers() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/spot.db"
        let exchange = try await SpotRunning(path, FixedMarket.configuration())
        let events = try await exchange.connect("/ws-api/v3") { talk in
            _ = try await talk.ask("userDataStream.subscribe.signature", as: "A", id: 1)
            #expect(
                try await exchange.control("transfers", #"{"account":"alice","asset":"BTC","amount":"2.5"}"#) == 200)
            #expect(try await exchange.control("transfers", #"{"account":"alice","asset":"BTC","amount":"-1"}"#) == 200)
            for wrong in [
                #"{"account":"alice","asset":"BTC","amount":"-12"}"#, #"{"account":"eve","asset":"BTC","amount":"1"}"#,
                #"{"account":"alice","asset":"XYZ","amount":"1"}"#, #"{"account":"alice","asset":"BTC","amount":0}"#,
                #"{"account":"alice","asset":"BTC","amount":"1","to":1}"#, "[]", "",
            ] { #expect(try await exchange.control("transfers", wrong) == 400, "\(wrong)") }
            _ = try await talk.wait("the balance after the second") {
                $0["event"]?["B"]?.elements.first?["f"] == .string("11.50000000")
            }
            talk.finish()
            return talk.messages.compactMap { $0["event"] }
        }
        let updates = events.filter { $0["e"] == .string("balanceUpdate") }
        #expect(updates.map { $0["d"]?.string } == ["2.50000000", "-1.00000000"])
        #expect(updates.allSatisfy { $0["a"] == .string("BTC") && $0["T"]?.integer != nil })
        let copy = try folder.copyDatabase(path)
        let again = try await SpotRunning(copy, FixedMarket.configuration())
        let account = try await again.ask(.get, "/api/v3/account", "omitZeroBalances=true", as: "A")
        #expect(account.json["balances"]?.elements.first?["free"] == .string("11.50000000"))
        await again.stop()
        await exchange.stop()
    }
}
