import Exchanges
import Networking
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// Through HTTP and WebSocket, as a client sees it.
@Suite("The paper exchange as a server that speaks Binance Spot")
struct SpotServerTests {
    private func run(
        _ configuration: SpotConfiguration? = nil, _ body: (SpotRunning) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let running = try await SpotRunning(folder.path + "/spot.db", configuration ?? FixedMarket.configuration())
        do { try await body(running) } catch {
            await running.stop()
            throw error
        }
        await running.stop()
    }

    private let order = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=59000"

    @Test("An order rests, is filled by a second account, and everything agrees")
    func story() async throws {
        try await run { exchange in
            let placed = try await exchange.ask(
                .post, "/api/v3/order",
                "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=60000&newClientOrderId=mine",
                as: "A", in: .body)
            #expect(placed.status == 200 && placed.text("clientOrderId") == "mine" && placed.text("status") == nil)
            #expect(placed.header("X-MBX-ORDER-COUNT-10S") == "1" && placed.header("X-MBX-USED-WEIGHT-1M") == "1")
            let book = try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT&limit=1")
            #expect(book.json["bids"] == .array([.array([.string("60000.00000000"), .string("0.10000000")])]))
            let taken = try await exchange.ask(
                .post, "/api/v3/order", "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.04", as: "B")
            #expect(taken.text("status") == "FILLED" && taken.text("cummulativeQuoteQty") == "2400.00000000")
            #expect(taken.json["fills"]?.elements.first?["commission"] == .string("2.40000000"))
            let row = try await exchange.ask(
                .get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine", as: "A")
            #expect(row.text("status") == "PARTIALLY_FILLED" && row.text("executedQty") == "0.04000000")
            let trades = try await exchange.ask(.get, "/api/v3/myTrades", "symbol=BTCUSDT", as: "A")
            #expect(trades.json.elements.map { $0["isMaker"] } == [.bool(true)])
            let cancelled = try await exchange.ask(
                .delete, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=mine&newClientOrderId=end", as: "A",
                in: .body)
            #expect(cancelled.text("status") == "CANCELED" && cancelled.text("origClientOrderId") == "mine")
            #expect(cancelled.text("clientOrderId") == "end")
            let account = try await exchange.ask(.get, "/api/v3/account", "omitZeroBalances=true", as: "A")
            let balances = account.json["balances"]?.elements.map {
                "\($0["asset"]?.string ?? "") \($0["free"]?.string ?? "") \($0["locked"]?.string ?? "")"
            }
            #expect(balances == ["BTC 10.03996000 0.00000000", "USDT 997600.00000000 0.00000000"])
            let open = try await exchange.ask(.get, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
            #expect(open.json == .array([]))
        }
    }

    @Test("What is wrong is said in Binance's words, and nothing happens")
    func refusals() async throws {
        try await run { exchange in
            func code(_ query: String, at time: Int64? = nil, secret: String? = nil) async throws -> Int? {
                try await exchange.ask(.post, "/api/v3/order", query, as: "A", at: time, secret: secret).code
            }
            #expect(try await code(order, at: SpotRunning.now() - 70_000) == -1021)
            #expect(try await code(order, at: SpotRunning.now() + 60_000) == -1021)
            #expect(try await code(order, secret: "wrong") == -1022)
            #expect(try await code(order + "&color=red") == -1104)
            #expect(try await code(order.replacing("BTCUSDT", with: "XYZ")) == -1121)
            #expect(try await code(order.replacing("59000", with: "60010")) == -2010)
            #expect(try await code(order.replacing("0.1", with: "100")) == -2010)
            #expect(try await code(order.replacing("59000", with: "59000.001")) == -1013)
            #expect(try await exchange.ask(.delete, "/api/v3/order", "symbol=BTCUSDT&orderId=1", as: "A").code == -2011)
            #expect(try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&orderId=1", as: "A").code == -2013)
            #expect(try await exchange.ask(.get, "/api/v3/nowhere").status == 404)
            #expect(try await exchange.ask(.get, "/api/v3/account").code == -2014)
            #expect(try await exchange.ask(.post, "/api/v3/userDataStream", as: nil).code == -2014)
            let unsigned = try await exchange.ask(
                .get, "/api/v3/allOrders", "symbol=BTCUSDT&startTime=0&endTime=86400001", as: "A")
            #expect(unsigned.code == -1127)
            #expect(try await exchange.ask(.get, "/api/v3/openOrders", as: "A").json == .array([]))
        }
    }

    @Test("The account's stream tells NEW, TRADE, CANCELED and balances in order")
    func userStream() async throws {
        try await run { exchange in
            let events = try await exchange.connect("/ws-api/v3") { talk in
                let answer = try await talk.ask("userDataStream.subscribe.signature", as: "A", id: 1)
                #expect(answer["result"]?["subscriptionId"] == .number("0"))
                let again = try await talk.ask("userDataStream.subscribe.signature", as: "A", id: 2)
                #expect(again["error"] != nil)
                let placed = try await talk.ask(
                    "order.place",
                    [
                        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "3",
                        "price": "60010", "newClientOrderId": "big",
                    ], as: "A", id: 3)
                #expect(placed["result"]?["status"] == .string("PARTIALLY_FILLED"))
                _ = try await talk.ask(
                    "order.cancel", ["symbol": "BTCUSDT", "origClientOrderId": "big", "newClientOrderId": "end"],
                    as: "A", id: 4)
                _ = try await talk.wait("the last balances") {
                    $0["event"]?["e"] == .string("outboundAccountPosition")
                        && $0["event"]?["B"]?.elements.last?["l"] == .string("0.00000000")
                        && talk.messages.contains { $0["event"]?["x"] == .string("CANCELED") }
                }
                _ = try await talk.ask("userDataStream.unsubscribe", ["subscriptionId": "0"], id: 5)
                _ = try await talk.wait("the end of the stream") {
                    $0["event"]?["e"] == .string("eventStreamTerminated")
                }
                talk.finish()
                return talk.messages.compactMap { $0["event"] }
            }
            let reports = events.filter { $0["e"] == .string("executionReport") }
            #expect(reports.map { $0["x"]?.string } == ["NEW", "TRADE", "CANCELED"])
            #expect(reports.map { $0["X"]?.string } == ["NEW", "PARTIALLY_FILLED", "CANCELED"])
            #expect(reports.map { $0["c"]?.string } == ["big", "big", "end"])
            #expect(reports.map { $0["C"]?.string } == ["", "", "big"])
            #expect(reports[1]["l"] == .string("2.00000000") && reports[1]["n"] == .string("0.00200000"))
            #expect(reports[1]["N"] == .string("BTC") && reports[0]["N"] == .null)
        }
    }

    @Test("Ids come back as they were, limits when they are wanted, errors with their code")
    func socketAPI() async throws {
        try await run { exchange in
            try await exchange.connect("/ws-api/v3") { talk in
                talk.say(#"{"id":"a\"b","method":"time","params":{"returnRateLimits":false}}"#)
                talk.say(#"{"id":null,"method":"depth","params":{"symbol":"BTCUSDT","limit":1}}"#)
                talk.say(#"{"id":7,"method":"no.such"}"#)
                talk.say("{")
                let time = try await talk.wait("time") { $0["id"] == .string("a\"b") }
                #expect(time["status"] == .number("200") && time["rateLimits"] == nil)
                let depth = try await talk.wait("depth") { $0["id"] == .null && $0["result"] != nil }
                #expect(depth["rateLimits"]?.elements.first?["count"]?.integer ?? 0 >= 6)
                _ = try await talk.wait("an unknown method") { $0["id"] == .number("7") && $0["error"] != nil }
                _ = try await talk.wait("no JSON") { $0["error"]?["code"] == .number("-1135") }
                let listed = try await talk.ask("openOrders.status", as: "A", id: 9)
                #expect(listed["result"] == .array([]))
                talk.finish()
            }
        }
    }

    @Test("A book kept by Binance's procedure stays equal to the exchange's while accounts trade")
    func depth() async throws {
        let configuration = SpotConfiguration(
            listings: PaperExchangeConfiguration.generated(seed: 11).listings,
            accounts: try FixedMarket.configuration().accounts)
        try await run(configuration) { exchange in
            try await exchange.connect("/ws") { talk in
                talk.say(#"{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms"],"id":1}"#)
                _ = try await talk.wait("the acknowledgement") { $0["result"] == .null && $0["id"] == .number("1") }
                _ = try await talk.wait("a first update") { $0["e"] == .string("depthUpdate") }
                let start = try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT&limit=5000")
                for number in 0..<10 {
                    let side = number % 2 == 0 ? "BUY" : "SELL"
                    let type = number % 3 == 0 ? "type=MARKET" : "type=LIMIT&timeInForce=GTC&price=60000"
                    _ = try await exchange.ask(
                        .post, "/api/v3/order", "symbol=BTCUSDT&side=\(side)&\(type)&quantity=0.05",
                        as: number % 4 < 2 ? "A" : "B")
                }
                let end = try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT&limit=5000")
                let last = try #require(end.number("lastUpdateId"))
                _ = try await talk.wait("updates beyond the snapshot") { ($0["u"]?.integer ?? 0) >= last }
                talk.finish()
                let updates = talk.messages.filter { $0["e"] == .string("depthUpdate") }
                try Self.follow(updates, from: start, to: end)
            }
        }
    }

    /// Applies updates to a snapshot until a later one, which is where an update ends, and compares.
    private static func follow(
        _ updates: [JSONValue], from start: SpotRunning.Answer, to end: SpotRunning.Answer
    ) throws {
        var last = try #require(start.number("lastUpdateId"))
        let target = try #require(end.number("lastUpdateId"))
        var book: [String: [String: String]] = ["b": levels(start.json["bids"]), "a": levels(start.json["asks"])]
        var before: Int64?
        for update in updates {
            let first = try #require(update["U"]?.integer)
            let newest = try #require(update["u"]?.integer)
            if let before { #expect(first == before + 1, "a hole in the stream") }
            before = newest
            if newest <= last || newest > target { continue }
            #expect(first <= last + 1, "a hole after the snapshot")
            for side in ["b", "a"] {
                for (price, quantity) in levels(update[side]) {
                    book[side]?[price] = quantity == "0.00000000" ? nil : quantity
                }
            }
            last = newest
        }
        #expect(last == target)
        #expect(book["b"] == levels(end.json["bids"]))
        #expect(book["a"] == levels(end.json["asks"]))
    }

    private static func levels(_ value: JSONValue?) -> [String: String] {
        Dictionary(
            (value?.elements ?? []).compactMap { level in
                guard let price = level.elements.first?.string, let quantity = level.elements.last?.string else {
                    return nil
                }
                return (price, quantity)
            }, uniquingKeysWith: { first, _ in first })
    }

    @Test("Market streams: raw, combined, controlled; who talks too much is cut off")
    func marketStreams() async throws {
        try await run { exchange in
            try await exchange.connect("/stream?streams=btcusdt@trade/btcusdt@bookTicker") { talk in
                talk.say(#"{"method":"LIST_SUBSCRIPTIONS","id":"x"}"#)
                let list = try await talk.wait("the list") { $0["id"] == .string("x") }
                #expect(list["result"]?.elements.map(\.string) == ["btcusdt@trade", "btcusdt@bookTicker"])
                _ = try await exchange.ask(
                    .post, "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=2.5", as: "A")
                let trade = try await talk.wait("a trade") { $0["stream"] == .string("btcusdt@trade") }
                #expect(trade["data"]?["q"] == .string("2.00000000") && trade["data"]?["m"] == .bool(false))
                let best = try await talk.wait("the new best ask") {
                    $0["stream"] == .string("btcusdt@bookTicker") && $0["data"]?["a"] == .string("60020.00000000")
                }
                #expect(best["data"]?["A"] == .string("2.50000000") && best["data"]?["e"] == nil)
                talk.say(#"{"method":"SUBSCRIBE","params":["nonsense"],"id":2}"#)
                let refused = try await talk.wait("the refusal") { $0["id"] == .number("2") }
                #expect(refused["error"]?["code"] == .number("2"))
                for number in 10..<16 { talk.say(#"{"method":"LIST_SUBSCRIPTIONS","id":\#(number)}"#) }
                for _ in 0..<2_000 where !talk.isOver { try await Task.sleep(for: .milliseconds(5)) }
                #expect(talk.isOver)
                talk.finish()
            }
        }
    }

    @Test("Listen keys are gone, unless they are asked for")
    func listenKeys() async throws {
        try await run { exchange in
            let answer = try await exchange.ask(.post, "/api/v3/userDataStream", as: "A")
            #expect(answer.status == 410)
        }
        var configuration = try FixedMarket.configuration()
        configuration.servesListenKeys = true
        try await run(configuration) { exchange in
            let key = try #require(try await exchange.ask(.post, "/api/v3/userDataStream", as: "A").text("listenKey"))
            #expect(key.utf8.count == 64)
            #expect(
                try await exchange.ask(.put, "/api/v3/userDataStream", "listenKey=\(key)", as: "A").json == .object([]))
            #expect(try await exchange.ask(.put, "/api/v3/userDataStream", "listenKey=\(key)", as: "B").code == -1125)
            try await exchange.connect("/ws/\(key)") { talk in
                _ = try await exchange.ask(.post, "/api/v3/order", order, as: "A")
                let report = try await talk.wait("the report") { $0["e"] == .string("executionReport") }
                #expect(report["x"] == .string("NEW"))
                talk.finish()
            }
        }
    }

    // MARK: - Limits and misbehaviour

    @Test("The hundred and first order of ten seconds is refused; cancelling goes on")
    func orderLimit() async throws {
        try await run { exchange in
            // Whole within one stretch of ten seconds, or it would prove nothing.
            while SpotRunning.now() % 10_000 > 2_000 { try await Task.sleep(for: .milliseconds(50)) }
            await exchange.exchange.useUpOrders(of: "alice", leaving: 1)
            let last = try await exchange.ask(.post, "/api/v3/order", order, as: "A")
            #expect(last.status == 200 && last.header("X-MBX-ORDER-COUNT-10S") == "100")
            let refused = try await exchange.ask(.post, "/api/v3/order", order, as: "A")
            #expect(refused.status == 429 && refused.code == -1015 && refused.header("Retry-After") != nil)
            let cancelled = try await exchange.ask(.delete, "/api/v3/openOrders", "symbol=BTCUSDT", as: "A")
            #expect(cancelled.status == 200)
        }
    }

    @Test("H36: an answer lost after acting, and a request lost before, are told apart by asking")
    func lostAnswers() async throws {
        try await run { exchange in
            try await exchange.faults(#"[{"kind":"drop","on":"order.place","count":1}]"#)
            await #expect(throws: HTTPFailure.self) {
                try await exchange.ask(.post, "/api/v3/order", order + "&newClientOrderId=one", as: "A")
            }
            #expect(
                try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=one", as: "A").text(
                    "status") == "NEW")
            try await exchange.faults(#"[{"kind":"disconnect","on":"order.place","count":1}]"#)
            await #expect(throws: HTTPFailure.self) {
                try await exchange.ask(.post, "/api/v3/order", order + "&newClientOrderId=two", as: "A")
            }
            #expect(
                try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=two", as: "A").code
                    == -2013)
        }
    }

    @Test(
        "An order acted on late is unknown first, and there later; past its window it never is",
        arguments: [(5_000, true), (100, false)])
    func actsLate(window: Int, exists: Bool) async throws {
        try await run { exchange in
            try await exchange.faults(#"[{"kind":"late","milliseconds":700,"on":"order.place","count":1}]"#)
            async let placed = exchange.ask(
                .post, "/api/v3/order", order + "&newClientOrderId=late&recvWindow=\(window)", as: "A")
            try await Task.sleep(for: .milliseconds(200))
            let early = try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=late", as: "A")
            #expect(early.code == -2013)
            let answer = try await placed
            #expect((answer.code == nil) == exists && (answer.code == -1021) == !exists)
            let late = try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=late", as: "A")
            #expect((late.text("status") == "NEW") == exists)
        }
    }

    @Test("5xx, 429, a ban, fills by surprise, old balances and new rules, each on demand")
    func misbehaviour() async throws {
        try await run { exchange in
            try await exchange.faults(#"[{"kind":"status","status":502,"acts":false,"on":"order.place","count":1}]"#)
            #expect(try await exchange.ask(.post, "/api/v3/order", order, as: "A").status == 502)
            try await exchange.faults(#"[{"kind":"limit","on":"depth","count":1}]"#)
            let limited = try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT")
            #expect(limited.status == 429 && limited.header("Retry-After") == "1")
            try await exchange.faults(#"[{"kind":"ban","milliseconds":60000,"on":"depth","count":1}]"#)
            #expect(try await exchange.ask(.get, "/api/v3/depth", "symbol=BTCUSDT").status == 418)
            #expect(try await exchange.ask(.get, "/api/v3/ping").status == 418)
            try await exchange.faults(
                #"[{"kind":"partialFill","percent":30,"count":1},{"kind":"fillDuringCancel","percent":100,"count":1}]"#)
            _ = try await exchange.ask(.post, "/api/v3/order", order + "&newClientOrderId=odd", as: "A")
            let part = try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=odd", as: "A")
            #expect(part.text("executedQty") == "0.03000000")
            #expect(
                try await exchange.ask(.delete, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=odd", as: "A").code
                    == -2011)
            let whole = try await exchange.ask(.get, "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=odd", as: "A")
            #expect(whole.text("status") == "FILLED")
            try await exchange.faults(#"[{"kind":"balanceLag","milliseconds":60000,"on":"account.status","count":1}]"#)
            func bitcoin() async throws -> String? {
                try await exchange.ask(.get, "/api/v3/account", as: "A").json["balances"]?.elements.first?["free"]?
                    .string
            }
            #expect(try await bitcoin() == "10.00000000")
            #expect(try await bitcoin() == "10.09990000")
            for (name, step) in [
                ("tickSize", "0"), ("tickSize", "0.000000001"), ("stepSize", "0"), ("stepSize", "1e-9"),
                ("stepSize", "0.000000001"),
            ] {
                let answer = try await exchange.answer(
                    toFaults: #"[{"kind":"ruleChange","symbol":"BTCUSDT","rules":{"\#(name)":"\#(step)"}}]"#)
                #expect(answer.status == 400 && answer.text.contains("rules.\(name)"), "\(answer)")
            }
            try await exchange.faults(#"[{"kind":"ruleChange","symbol":"BTCUSDT","rules":{"tickSize":"10"}}]"#)
            #expect(
                try await exchange.ask(.post, "/api/v3/order", order.replacing("59000", with: "59001"), as: "A").code
                    == -1013)
            try await exchange.faults(#"[{"kind":"ruleChange","symbol":"BTCUSDT","rules":{"status":"HALT"}}]"#)
            let halted = try await exchange.ask(.post, "/api/v3/order", order, as: "A")
            #expect(halted.code == -2010 && halted.text("msg") == "Market is closed.")
        }
    }

    @Test("Nonsense gets an error, never a 5xx or a crash", arguments: 1...4)
    func nonsense(seed: UInt64) async throws {
        try await run { exchange in
            await exchange.exchange.liftLimits()
            var random = SplitMix64(seed: seed)
            let values = [
                "", "0", "-1", "1", "1e99", "9223372036854775807", "9223372036854", "99999999999999999999", "BTCUSDT",
                "LTCBTC",
                "%5B%22BTCUSDT%22%5D", "%5B", "true", "BUY", "SELL", "LIMIT", "MARKET", "LIMIT_MAKER", "GTC", "IOC",
                "1M", "1s",
                "60000", "0.00000001", "0.000000001", "%F0%9F%92%A9", "-14:59", "7d", "STOP_ON_FAILURE", "a%26b%3D",
            ]
            let names = [
                "symbol", "symbols", "limit", "fromId", "startTime", "endTime", "interval", "timeZone", "windowSize",
                "type",
                "side", "timeInForce", "quantity", "quoteOrderQty", "price", "newClientOrderId", "orderId",
                "origClientOrderId",
                "cancelReplaceMode", "cancelOrderId", "newQty", "recvWindow", "omitZeroBalances", "nonsense",
            ]
            for number in 0..<250 {
                let operation = SpotOperation.allCases[Int(random.below(UInt64(SpotOperation.allCases.count)))]
                guard let route = operation.route, let verb = EndpointRequest.Verb(rawValue: route.method) else {
                    continue
                }
                var query = random.below(2) == 0 ? "symbol=BTCUSDT" : ""
                for name in names where random.below(5) == 0 && !(name == "symbol" && !query.isEmpty) {
                    query += (query.isEmpty ? "" : "&") + name + "=" + values[Int(random.below(UInt64(values.count)))]
                }
                let answer = try await exchange.ask(
                    verb, route.path, query, as: random.below(4) == 0 ? nil : "A", in: verb == .post ? .body : .query)
                #expect(answer.status < 500, "seed \(seed), \(number): \(route) \(query): \(answer.json)")
                #expect(answer.status == 200 || answer.code != nil)
            }
            #expect(try await exchange.ask(.get, "/api/v3/ping").json == .object([]))
        }
    }

    // MARK: - Kills

    @Test("SIGKILL at any moment forgets nothing that was answered")
    func killed() async throws {
        let folder = try TemporaryFolder()
        let configuration = try FixedMarket.configuration()
        let path = folder.path + "/spot.db"
        let running = try await SpotRunning(path, configuration)
        func everything(_ exchange: SpotRunning) async throws -> [JSONValue] {
            var all: [JSONValue] = []
            for who in ["A", "B"] {
                for call in ["allOrders", "myTrades", "openOrders"] {
                    all.append(try await exchange.ask(.get, "/api/v3/\(call)", "symbol=BTCUSDT", as: who).json)
                }
                let account = try await exchange.ask(.get, "/api/v3/account", as: who)
                all.append(account.json["balances"] ?? .null)
            }
            return all
        }
        for number in 0..<6 {
            _ = try await exchange(running, place: number)
        }
        let before = try await everything(running)
        // What lies on the disk now is what a kill leaves.
        let copy = try folder.copyDatabase(path)
        let again = try await SpotRunning(copy, configuration)
        #expect(try await everything(again) == before)
        let duplicate = try await again.ask(.post, "/api/v3/order", order + "&newClientOrderId=n4", as: "A")
        #expect(duplicate.text("msg") == "Duplicate order sent.")
        await again.stop()
        await running.stop()
        let third = try await SpotRunning(path, configuration)
        #expect(try await everything(third) == before)
        await third.stop()
        var other = configuration
        other.accounts[0].funds = ["BTC": "1"]
        await #expect(throws: PaperJournalError.self) { try await SpotRunning(path, other) }
    }

    private func exchange(_ running: SpotRunning, place number: Int) async throws -> SpotRunning.Answer {
        let text =
            number % 3 == 2
            ? "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.5"
            : "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.3&price=\(59_995 - number)"
        return try await running.ask(
            .post, "/api/v3/order", text + "&newClientOrderId=n\(number)", as: number % 3 == 2 ? "B" : "A")
    }
}

extension SpotExchange {
    func liftLimits() {
        limits.configuration.weight = .max
        limits.configuration.ordersPerTenSeconds = .max
    }

    /// As if an account had placed all the orders it may in a day.
    func useUpTheDay(of account: String) {
        limits.configuration.ordersPerDay = limits.orderCounts(account, at: time.now()).day
    }

    /// As if an account had placed all the orders it may but so many.
    func useUpOrders(of account: String, leaving count: Int) {
        let now = time.now()
        let used = limits.orderCounts(account, at: now).short
        for _ in 0..<max(0, limits.configuration.ordersPerTenSeconds - used - count) { limits.placed(account, at: now) }
    }
}
