import Exchanges
import Execution
import Ledger
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Fills that bear the id of an order of ours and cannot be that order's: an exchange that tells orders by numbers alone, and has
/// forgotten one, may mean somebody else's.
@Suite struct MismatchedFillTests {
    private static let (place, now, key) = (StoredOrders.place, StoredOrders.now, StoredOrders.key)

    private static func fill(_ id: ClientOrderID, _ side: Side, trade: UInt64 = 7, lots: Int64 = 400_000) -> Fill {
        Fill(
            tradeID: trade, orderID: id, side: side, price: Price(ticks: 6_000_000), quantity: Quantity(lots: lots),
            liquidity: .maker, fee: .zero, feeAsset: .quote, time: now)
    }

    private static func other(_ side: Side) -> Side { side == .buy ? .sell : .buy }

    // MARK: - The store

    /// A buy that rests, of a strategy that runs. The ledger must be sound afterwards.
    private func withOrder(
        _ engine: DatabaseEngine, _ body: @escaping @Sendable (OrderStore, StoredOrder) throws -> Void
    ) async throws {
        try await StoredOrders.with(engine) { rows in try body(rows.store, rows.resting(1)) }
    }

    private static func states(_ orders: OrderStore) throws -> [String] {
        try TradingStateStore(transaction: orders.transaction).all().map { "\($0.state) \($0.reason)" }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a fill of the other side is not booked, and says why; the order's own is`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withOrder(engine) { (orders: OrderStore, order: StoredOrder) throws in
            let fills = FillStore(orders: orders)
            #expect(try !fills.book(Self.fill(order.id, .sell), books: nil, now: Self.now))
            let refusal = try #require(orders.refusals?.all.first)
            #expect(refusal.cause == .mismatch(.side(ordered: .buy)) && !refusal.isHalted)
            #expect("\(refusal)".contains("fill 7 (sell") && "\(refusal)".contains("is one to buy"))
            #expect(try orders.order(order.id)?.filled == .zero)
            #expect(try fills.fills(of: order.id).isEmpty && Self.states(orders).isEmpty)
            // The same trade's number on the right side is another matter.
            #expect(try fills.book(Self.fill(order.id, .buy), books: nil, now: Self.now))
            #expect(try orders.order(order.id)?.filled.lots == 400_000)
            #expect(orders.refusals?.all.count == 1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a fill on another instrument than its order's is not booked`(_ engine: DatabaseEngine) async throws {
        try await withOrder(engine) { (orders: OrderStore, order: StoredOrder) throws in
            let elsewhere = TradingPlace(
                exchange: Self.place.exchange, account: Self.place.account, symbol: try #require(Symbol("ETH/USDT")))
            let there = OrderStore(
                transaction: orders.transaction, place: elsewhere, instrument: TestInstrument.btc,
                refusals: FillRefusals())
            #expect(try !FillStore(orders: there).book(Self.fill(order.id, .buy), books: nil, now: Self.now))
            let refusal = try #require(there.refusals?.all.first)
            #expect(refusal.cause == .instrument(ordered: "BTC/USDT"))
            #expect("\(refusal)".contains("ETH/USDT") && "\(refusal)".contains("is one of BTC/USDT"))
            // Nor is the order changed by what is told of that other one.
            #expect(try !there.update(order.id, .cancelled, now: Self.now))
            #expect(try orders.order(order.id)?.status == .open)
            // An order that nobody here has is nobody's to refuse.
            let unknown = try #require(ClientOrderID(rawValue: 1 << 26 | 2))
            #expect(try !FillStore(orders: there).book(Self.fill(unknown, .buy), books: nil, now: Self.now))
            #expect(there.refusals?.all.count == 1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a session that has booked it already is halted with it, and its books stay as they were`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withOrder(engine) { (orders: OrderStore, order: StoredOrder) throws in
            let books = SessionBooks(
                instanceID: order.instanceID, run: 1, base: "-0.004", quote: "240", account: PositionAccount(),
                bestProfit: nil)
            #expect(try !FillStore(orders: orders).book(Self.fill(order.id, .sell), books: books, now: Self.now))
            #expect(orders.refusals?.all.first?.isHalted == true)
            #expect(try Self.states(orders) == ["halted MISMATCHED_FILL"])
            let kept = try SessionBooksStore(transaction: orders.transaction).books(of: order.instanceID)
            #expect(kept?.base != "-0.004")
        }
    }

    // MARK: - The server

    private func count(_ supervisor: StrategySupervisor) async -> Int {
        await supervisor.health().executors.map(\.refusedFillCount).reduce(0, +)
    }

    private func booked(_ supervisor: StrategySupervisor) async throws -> Int {
        try await supervisor.fills(strategyKey: Self.key.description, after: 0, limit: 100).count
    }

    @Test func `the stream tells a fill of the wrong side: an alarm, nothing booked, and trading goes on`() async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let supervisor = bench.server.supervisor
            let order = try #require(bench.exchange.open.first).request
            let wrong = Self.fill(order.id, Self.other(order.side), lots: order.quantity.lots)
            for _ in 0..<2 { bench.exchange.tell(.event(.filled(wrong))) }
            try await bench.server.wait("it is counted") { [self] in await count(supervisor) == 1 }
            #expect(try await booked(supervisor) == 0)
            bench.exchange.fill(order.id, lots: order.quantity.lots / 2)
            try await bench.server.wait("its own is booked") { [self] in try await booked(supervisor) == 1 }
            #expect(await count(supervisor) == 1)
            #expect(try await supervisor.inspect(Self.key.description).state == .active)
        }
    }

    @Test func `what an exchange tells wrongly of the time before a start is not booked either, nor taken up`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let order = try #require(bench.exchange.open.first).request
            var wrong = Self.fill(order.id, Self.other(order.side), trade: 900, lots: order.quantity.lots)
            wrong.time = bench.exchange.time.now()
            let told = wrong
            bench.exchange.state.withLock { $0.fills.append(told) }
            try await bench.restart()
            let supervisor = bench.server.supervisor
            #expect(await count(supervisor) == 1)
            #expect(try await booked(supervisor) == 0)
            // Nor when the stream was lost.
            bench.exchange.tell(.lost)
            bench.exchange.tell(.recovered)
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("it quotes") { [exchange = bench.exchange] in exchange.open.count == 4 }
            let live = try #require(bench.exchange.open.first).request
            bench.exchange.fill(live.id, lots: live.quantity.lots / 2)
            try await bench.server.wait("its own is booked") { [self] in try await booked(supervisor) == 1 }
            #expect(await count(supervisor) == 1)
            let view = try await supervisor.inspect(Self.key.description)
            #expect(view.state == .active)
        }
    }
}
