import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Fills of the right order that cannot be: more than was ordered, worse than its limit, of nothing or for nothing.
@Suite struct ImpossibleFillTests {
    private static let now = StoredOrders.now

    // MARK: - The store

    /// As for an exchange that says that its orders are as we know them.
    private static func book(_ fill: Fill, _ rows: StoredOrders) throws -> Bool {
        let isBooked = try rows.fills.book(fill, books: nil, now: now)
        for doubt in rows.store.refusals?.doubts ?? [] { try rows.fills.refuse(doubt, isInBooks: false, now) }
        rows.store.refusals?.doubts = []
        return isBooked
    }

    @Test(arguments: DatabaseEngine.available)
    func `an order's fills are never more than it: the surplus is not booked, and halts its strategy once`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let order = try rows.resting(1)
            #expect(try rows.fills.book(StoredOrders.fill(order, trade: 1, lots: 600_000), books: nil, now: Self.now))
            let funds = try rows.funds()
            let surplus = StoredOrders.fill(order, trade: 2, lots: 400_001)
            #expect(try !Self.book(surplus, rows))
            let refusal = try #require(rows.store.refusals?.all.first)
            #expect(refusal.cause == .mismatch(.quantity(left: Quantity(lots: 400_000))) && refusal.isHalted)
            #expect("\(refusal)".contains("400001 lots") && "\(refusal)".contains("has only 400000 lots left"))
            #expect(try rows.states() == ["halted MISMATCHED_FILL"])
            #expect(try rows.funds() == funds)
            #expect(try rows.store.order(order.id)?.filled.lots == 600_000)
            // Whoever looked into it lets the strategy go on: the exchange's telling it again is no news.
            try TradingStateStore(transaction: rows.store.transaction).put(
                TradingStateEntry(
                    scope: .session("\(StoredOrders.key)"), state: .active, reason: "seen", setBy: "operator",
                    setAt: Self.now))
            #expect(try !Self.book(surplus, rows))
            #expect(try rows.states() == ["active seen"])
            // What is left of it trades, and being told again is no surplus.
            for _ in 0..<2 {
                _ = try Self.book(StoredOrders.fill(order, trade: 3, lots: 400_000), rows)
            }
            #expect(try rows.store.order(order.id)?.status == .filled)
            #expect(rows.store.refusals?.all.count == 2)
            #expect(try !Self.book(StoredOrders.fill(order, trade: 4, lots: 1), rows))
            #expect(try rows.fills.fills(of: order.id).map(\.quantity.lots).sorted() == [400_000, 600_000])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a price worse than the order's limit, and a price or quantity that is none, are not booked`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let limit = Price(ticks: 6_000_000)
            let examples: [(side: Side, ticks: Int64, lots: Int64, mismatch: FillMismatch?)] = [
                (.buy, 6_000_001, 5, .price(limit: limit)), (.buy, 6_000_000, 5, nil), (.buy, 5_000_000, 5, nil),
                (.sell, 5_999_999, 5, .price(limit: limit)), (.sell, 6_000_000, 5, nil), (.sell, 7_000_000, 5, nil),
                (.buy, 0, 5, .nothing), (.buy, -1, 5, .nothing), (.buy, 6_000_000, 0, .nothing),
                (.sell, 6_000_000, -5, .nothing),
            ]
            for (number, example) in examples.enumerated() {
                let order = try rows.resting(UInt64(number) + 1, example.side, lots: 10)
                let fill = StoredOrders.fill(order, trade: UInt64(number) + 1, lots: example.lots, ticks: example.ticks)
                let isBooked = try Self.book(fill, rows)
                #expect(isBooked == (example.mismatch == nil), "\(example)")
                #expect(try rows.store.order(order.id)?.filled.lots == (isBooked ? 5 : 0))
                #expect(
                    rows.store.refusals?.all.last?.cause == example.mismatch.map { .mismatch($0) }, "\(example)")
                rows.store.refusals?.all = []
            }
            #expect(try rows.states() == ["halted MISMATCHED_FILL"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `of fills that are told together those are taken that fit, in their order`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let (order, other) = (try rows.resting(1), try rows.resting(2, .sell))
            let told = [
                StoredOrders.fill(order, trade: 1, lots: 700_000), StoredOrders.fill(other, trade: 2, lots: 900_000),
                StoredOrders.fill(order, trade: 3, lots: 400_000), StoredOrders.fill(order, trade: 4, lots: 300_000),
            ]
            let judged = try rows.fills.judge(told)
            #expect(judged.new.map(\.tradeID) == [1, 2, 4])
            #expect(judged.doubts.map(\.fill.tradeID) == [3] && judged.refusals.isEmpty)
            for fill in judged.new { #expect(try rows.fills.book(fill, books: nil, now: Self.now)) }
            #expect(try rows.fills.judge(told).new.isEmpty)
        }
    }

    /// Whatever becomes of an order: its fills come in any number, at any price that its limit allows, in any order, early and late,
    /// and again and again.
    @Test(arguments: DatabaseEngine.available, [UInt64(1), 20_261_126])
    func `an honest fill is never refused`(_ engine: DatabaseEngine, _ seed: UInt64) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            var random = SplitMix64(seed: seed)
            var trade: UInt64 = 0
            for number in 1...60 {
                let side: Side = random.below(2) == 0 ? .buy : .sell
                let order = try rows.order(UInt64(number), side, lots: 1 + Int64(random.below(10_000)))
                #expect(try rows.store.insert(order))
                var (left, fills): (Int64, [Fill]) = (order.quantity.lots, [])
                while left > 0, random.below(8) > 0 {
                    let lots = min(left, 1 + Int64(random.below(UInt64(order.quantity.lots))))
                    let better = Int64(random.below(3)) * Int64(random.below(1_000))
                    trade += 1
                    fills.append(
                        StoredOrders.fill(
                            order, trade: trade, lots: lots, ticks: 6_000_000 - Int64(side.sign) * better))
                    left -= lots
                }
                let updates: [OrderUpdate] = [
                    .accepted, .rejected, .outcomeLost, .cancelSent, .cancelRefused, .cancelled, .expired,
                    .neverExisted,
                ]
                for fill in fills.shuffled(using: &random) + fills.shuffled(using: &random) {
                    if random.below(2) == 0 {
                        _ = try rows.store.update(
                            order.id, updates[Int(random.below(UInt64(updates.count)))], now: Self.now)
                    }
                    _ = try rows.fills.book(fill, books: nil, now: Self.now)
                }
                #expect(try rows.store.order(order.id)?.filled.lots == order.quantity.lots - left)
                #expect(try rows.fills.fills(of: order.id).count == fills.count)
            }
            #expect(rows.store.refusals?.all == [])
            #expect(try rows.states().filter { $0.contains("MISMATCHED") } == [])
        }
    }

    // MARK: - The server

    private static let strategy = StoredOrders.key.description

    private static func count(_ supervisor: StrategySupervisor) async -> Int {
        await supervisor.health().executors.map(\.refusedFillCount).reduce(0, +)
    }

    private static func booked(_ supervisor: StrategySupervisor) async throws -> Int {
        try await supervisor.fills(strategyKey: strategy, after: 0, limit: 100).count
    }

    private static func fill(_ order: OrderRequest, trade: UInt64, lots: Int64, worse: Int64, _ now: Timestamp) -> Fill
    {
        Fill(
            tradeID: trade, orderID: order.id, side: order.side,
            price: Price(ticks: order.price.ticks + Int64(order.side.sign) * worse), quantity: Quantity(lots: lots),
            liquidity: .maker, fee: .zero, feeAsset: .quote, time: now)
    }

    @Test(arguments: [(2, 0), (1, 1)])
    func
        `the stream tells a fill that cannot be: an alarm, nothing booked, everything off, and halted until an operator looks`(
            _ times: Int64, _ worse: Int64
        ) async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (supervisor, exchange) = (bench.server.supervisor, bench.exchange)
            let order = try #require(exchange.open.first).request
            let wrong = Self.fill(
                order, trade: 900, lots: times * order.quantity.lots, worse: worse, exchange.time.now())
            for _ in 0..<2 { exchange.tell(.event(.filled(wrong))) }
            try await bench.server.wait("nothing rests") { exchange.open.isEmpty }
            try await bench.server.wait("it is halted") {
                try await supervisor.inspect(Self.strategy).state == .halted
            }
            let view = try await supervisor.inspect(Self.strategy)
            #expect(view.state == .halted && view.reason == "MISMATCHED_FILL" && view.position == .zero)
            #expect(await Self.count(supervisor) == 1)
            #expect(try await Self.booked(supervisor) == 0)
            // An operator lets it go on; the same told once more, by stream and on asking, halts nothing.
            try await supervisor.setTradingState(
                TradingStateChange(scope: .session(Self.strategy), state: .active, reason: "seen"))
            try await bench.server.wait("it quotes") { exchange.open.count == 4 }
            exchange.state.withLock { $0.fills.append(wrong) }
            exchange.tell(.event(.filled(wrong)))
            exchange.tell(.lost)
            exchange.tell(.recovered)
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("it quotes again") { exchange.open.count == 4 }
            exchange.fill(try #require(exchange.open.first).request.id)
            try await bench.server.wait("its own is booked") { try await Self.booked(supervisor) == 1 }
            #expect(try await supervisor.inspect(Self.strategy).state == .active)
        }
    }

    @Test(arguments: [(2, 0), (1, 1)])
    func `what an exchange tells wrongly of the time before a start halts before anything is placed`(
        _ times: Int64, _ worse: Int64
    ) async throws {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            let order = try #require(exchange.open.first).request
            let wrong = Self.fill(
                order, trade: 900, lots: times * order.quantity.lots, worse: worse, exchange.time.now())
            exchange.state.withLock { $0.fills.append(wrong) }
            let placed = exchange.state.withLock { $0.placed.count }
            try await bench.restart()
            exchange.market(bid: 5_999_800, ask: 6_000_200)
            try await bench.server.wait("nothing rests") { exchange.open.isEmpty }
            let supervisor = bench.server.supervisor
            #expect(await Self.count(supervisor) == 1)
            #expect(try await Self.booked(supervisor) == 0)
            #expect(try await supervisor.inspect(Self.strategy).state == .halted)
            #expect(exchange.state.withLock { $0.placed.count } == placed)
            let entry = try await supervisor.tradingStates().first { $0.scope == .session(Self.strategy) }
            #expect(entry?.reason == "MISMATCHED_FILL" && entry?.setBy == "kill switch")
        }
    }
}
