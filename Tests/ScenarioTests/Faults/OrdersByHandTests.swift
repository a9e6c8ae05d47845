import Exchanges
import Foundation
import TestSupport
import Testing
import TradingCore

/// Orders by hand on the server and on the exchange, each a process of its own.
@Suite(.serialized, .timeLimit(.minutes(6))) struct OrdersByHandTests {
    private static func ready() async throws -> Stage {
        let stage = try await Stage()
        try await stage.server.logIn()
        try await stage.server.wait("the key is accepted") {
            try await stage.server.get("/health/exchange/binance").status == 200
        }
        return stage
    }

    private static func order(_ number: Int, price: Int64) -> String {
        """
        {"userId":"hand","clientId":"c1","exchange":"binance","symbol":"BTC/USDT","side":"buy","amount":0.001,\
        "price":\(price),"requestId":"r\(number)"}
        """
    }

    /// The market is known to the server once it has taken an order.
    private static func placeFirst(_ stage: Stage) async throws {
        let price = try await stage.auditor.price() * 9 / 10
        try await stage.server.wait("the first order rests") {
            try await stage.server.post("/trade/limit", order(0, price: price)).status == 201
        }
    }

    private static func openOrders(_ stage: Stage) async throws -> Int64 {
        let health = try JSONValue(try await stage.server.get("/health/trading").text)
        return try (health["executors"]?.elements ?? []).compactMap { try $0.integer("openOrders") }.reduce(0, +)
    }

    /// How many that nobody has answered yet are stored at a price.
    private static func ordersAt(_ price: Int64, _ stage: Stage) async throws -> Int {
        let history = try JSONValue(try await stage.server.get("/user-orders/market-making/history/hand").text)
        return (history.elements ?? []).count { entry in
            guard case .string(let text)? = entry["price"] else { return false }
            return (try? FixedDecimal(text[...])) == FixedDecimal(price)
        }
    }

    @Test func `what still waits for the exchange's limit when trading is halted never leaves`() async throws {
        // On a slow machine their turn may come before the halt's.
        for _ in 1...3 where try await haltsWhileOrdersWait() { return }
        Issue.record("they had left before the halt each time: nothing was tested")
    }

    /// - Returns: false where what was to be held back had left before.
    private func haltsWhileOrdersWait() async throws -> Bool {
        let stage = try await Self.ready()
        try await Self.placeFirst(stage)
        let price = try await stage.auditor.price()
        // More than ten seconds allow. What would have to wait for more than nine is given up at once, so half of them leave some seconds
        // before the others. Those that would trade at once come last.
        func posting(
            _ numbers: ClosedRange<Int>, _ price: (Int64) -> Int64
        ) throws
            -> @Sendable () async throws -> [(status: Int, text: String)]
        {
            try stage.server.posting("/trade/limit", numbers.map { Self.order($0, price: price(Int64($0))) })
        }
        for (status, text) in try await posting(1...60, { price * 9 / 10 - $0 })() {
            #expect(status == 201, "\(status): \(text)")
        }
        try await Task.sleep(for: .seconds(3))
        // On a slow machine a stretch is over before its limit is used up: then some more.
        var posts: [Task<[(status: Int, text: String)], any Error>] = []
        var isWaited = false
        for batch in 1...4 where !isWaited {
            let post = try posting(60 * batch + 1...60 * batch + 60, { price * 9 / 10 - $0 })
            posts.append(Task { try await post() })
            let end = ContinuousClock.now + .seconds(5)
            while !isWaited, ContinuousClock.now < end {
                let sent = try await stage.auditor.limits().orders
                isWaited = try await Self.openOrders(stage) > sent && sent > 80
            }
        }
        guard isWaited else { return false }
        let cross = try posting(901...905, { _ in price + price / 500 })
        async let crossing = cross()
        try await stage.server.wait("so do these") { try await Self.ordersAt(price + price / 500, stage) > 2 }
        let halted = try Program.run(["halt"], environment: stage.settings)
        #expect(halted.code == 0, "\(halted.errors)")
        let (atHalt, traded) = (try await stage.auditor.limits().orders, try await stage.auditor.trades().count)
        guard traded == 0 else { return false }
        try await stage.server.wait("nothing rests") { try await stage.auditor.openOrders().isEmpty }
        var answers = try await crossing
        for post in posts { answers += try await post.value }
        for (status, text) in answers {
            // Those that had waited for too long were given up.
            #expect([201, 202, 409, 422].contains(status), "\(status): \(text)")
        }
        // Every stretch that anything could have waited for has come and gone.
        let end = ContinuousClock.now + .seconds(12)
        try await stage.server.wait("two stretches have passed", seconds: 60) { ContinuousClock.now > end }
        #expect(try await stage.auditor.limits().orders == atHalt)
        #expect(try await stage.auditor.trades().isEmpty)
        #expect(try await stage.auditor.openOrders().isEmpty)
        let trading = try await stage.server.get("/health/trading").text
        #expect(trading.contains("\"openOrders\":0") && trading.contains("\"unknownOrders\":0"), "\(trading)")
        #expect(stage.server.interrupt() == 0)
        return true
    }

    @Test func `an order that somebody replaces on the exchange under our id is taken off`() async throws {
        let stage = try await Self.ready()
        try await Self.placeFirst(stage)
        let resting = try await stage.auditor.openOrders()
        #expect(resting.count == 1)
        guard case .string(let id)? = resting.first?["clientOrderId"] else { throw URLError(.badServerResponse) }
        try await stage.auditor.replace(clientOrderID: id, quantity: "0.002")
        try await stage.server.wait("what stands in its stead is taken off") {
            try await stage.auditor.openOrders().isEmpty
        }
        let orders = try await stage.auditor.orders().values.filter { $0.clientOrderID == id }
        #expect(orders.map(\.status) == ["CANCELED", "CANCELED"])
        try await stage.server.wait("nobody is in doubt") {
            let trading = try await stage.server.get("/health/trading").text
            return trading.contains("\"openOrders\":0") && trading.contains("\"unknownOrders\":0")
        }
        #expect(try await stage.server.get("/health/ready").status == 200)
        #expect(stage.server.interrupt() == 0)
    }
}
