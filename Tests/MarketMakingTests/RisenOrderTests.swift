import Exchanges
import Execution
import Ledger
import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Orders that were said never to have been, and are there after all (H36).
@Suite struct RisenOrderTests {
    private static let (now, key) = (StoredOrders.now, StoredOrders.key)

    /// A buy over 600 of the account's 1,000 USDT that was refused. The ledger must be sound afterwards.
    private func withRefusedOrder(
        _ engine: DatabaseEngine, _ body: @escaping @Sendable (StoredOrders, StoredOrder) throws -> Void
    ) async throws {
        try await StoredOrders.with(engine) { (rows: StoredOrders) throws in
            let order = try rows.order(1)
            #expect(try rows.store.insert(order))
            #expect(try rows.store.update(order.id, .rejected, now: Self.now))
            #expect(try rows.funds() == ["1000", "0"])
            try body(rows, order)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `its row lives again, holds its funds, and its fills are posted from them`(
        _ engine: DatabaseEngine
    )
        async throws
    {
        try await withRefusedOrder(engine) { (rows: StoredOrders, order: StoredOrder) throws in
            let orders = rows.store
            #expect(try orders.update(order.id, .accepted, now: Self.now))
            #expect(try orders.order(order.id)?.status == .open)
            #expect(try rows.funds() == ["400", "600"])
            #expect(try orders.live().map(\.id) == [order.id])
            #expect(orders.risen?.all == [RisenOrder(id: order.id, instanceID: order.instanceID, missing: "0")])
            // Told again it changes nothing.
            #expect(try orders.update(order.id, .accepted, now: Self.now))
            #expect(try rows.funds() == ["400", "600"])
            try FillStore(orders: orders).book(
                StoredOrders.fill(order, trade: 1, lots: 400_000), books: nil, now: Self.now)
            #expect(try rows.funds() == ["400", "360"])
            #expect(try orders.update(order.id, .cancelled, now: Self.now))
            #expect(try rows.funds() == ["760", "0"])
            #expect(try orders.order(order.id)?.status == .cancelled)
            #expect(orders.risen?.all.count == 1)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a fill that is told before anything else revives it too`(_ engine: DatabaseEngine) async throws {
        try await withRefusedOrder(engine) { (rows: StoredOrders, order: StoredOrder) throws in
            let orders = rows.store
            let fills = FillStore(orders: orders)
            #expect(try fills.book(StoredOrders.fill(order, trade: 1, lots: 400_000), books: nil, now: Self.now))
            #expect(try orders.order(order.id)?.status == .open)
            #expect(try orders.order(order.id)?.filled == Quantity(lots: 400_000))
            #expect(try rows.funds() == ["400", "360"])
            #expect(try fills.book(StoredOrders.fill(order, trade: 2, lots: 600_000), books: nil, now: Self.now))
            #expect(try orders.order(order.id)?.status == .filled)
            #expect(try rows.funds() == ["400", "0"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `one that has traded whole is filled, and paid from what is free`(_ engine: DatabaseEngine) async throws {
        try await withRefusedOrder(engine) { (rows: StoredOrders, order: StoredOrder) throws in
            let orders = rows.store
            let fills = FillStore(orders: orders)
            #expect(try fills.book(StoredOrders.fill(order, trade: 1, lots: 1_000_000), books: nil, now: Self.now))
            #expect(try orders.order(order.id)?.status == .filled)
            #expect(try rows.funds() == ["400", "0"])
            _ = try orders.update(order.id, .accepted, now: Self.now)
            #expect(try orders.order(order.id)?.status == .filled, "a late acceptance changes nothing")
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func
        `where its funds went to another order, it is recorded all the same, holds what is left, and its strategy is halted`(
            _ engine: DatabaseEngine
        ) async throws
    {
        try await withRefusedOrder(engine) { (rows: StoredOrders, order: StoredOrder) throws in
            let orders = rows.store
            let other = try rows.order(2)
            #expect(try orders.insert(other))
            #expect(try rows.funds() == ["400", "600"])
            #expect(try orders.update(order.id, .accepted, now: Self.now))
            #expect(try orders.order(order.id)?.status == .open)
            #expect(try rows.funds() == ["0", "1000"])
            let told = RisenOrder(id: order.id, instanceID: order.instanceID, missing: "200", isHalted: true)
            #expect(orders.risen?.all == [told])
            let state = try #require(try TradingStateStore(transaction: orders.transaction).all().first)
            #expect(state.scope == .session(Self.key.description) && state.state == .halted)
            #expect(state.reason == "UNCOVERED_ORDER" && state.setBy == "kill switch")
            // It trades: what it holds is spent first, and what the account does not have comes from the world.
            let fills = FillStore(orders: orders)
            #expect(try fills.book(StoredOrders.fill(order, trade: 1, lots: 1_000_000), books: nil, now: Self.now))
            #expect(try rows.funds() == ["0", "600"])
            #expect(try orders.order(order.id)?.status == .filled)
        }
    }

    // MARK: - At a server

    private static func row(_ id: ClientOrderID, _ database: any SQLDatabase) async throws -> String? {
        try await database.read { transaction in
            try transaction.row("SELECT status FROM orders WHERE client_order_id = \(Int64(id.rawValue))")?.get(
                "status")
        }
    }

    private static func held(_ database: any SQLDatabase) async throws -> Int {
        try await database.read { transaction in
            try transaction.rows("SELECT status FROM ledger_transfers WHERE status = 'open'").count
        }
    }

    /// Quotes; one of the orders is refused, and its row says so.
    private static func refused(_ bench: Bench) async throws -> ClientOrderID {
        bench.exchange.state.withLock { $0.faults = [.refused(.other)] }
        try await bench.quote()
        let refused = try #require(
            bench.exchange.state.withLock { $0.orders.values.first { $0.status == .rejected } }
        ).request.id
        let database = bench.server.database.real
        try await bench.server.wait("its row says so") { try await row(refused, database) == "rejected" }
        return refused
    }

    @Test func `the exchange shows an order that it had refused: alive in the store until its cancel is confirmed`()
        async throws
    {
        try await withServer { bench in
            let refused = try await Self.refused(bench)
            let database = bench.server.database.real
            bench.exchange.state.withLock { state in
                state.orders[refused]?.status = .open
                state.tellsCancels = false
            }
            bench.exchange.tell(.event(.accepted(refused)))
            try await bench.server.wait("it is open in the store") { try await Self.row(refused, database) == "open" }
            #expect(try await Self.held(database) == 5)
            try await bench.server.wait("its cancel has come") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.cancelled.contains(refused) }
            }
            bench.exchange.state.withLock { $0.tellsCancels = true }
            bench.exchange.tell(.event(.cancelled(refused)))
            try await bench.server.wait("it is over") { try await Self.row(refused, database) == "cancelled" }
            #expect(try await Self.held(database) == 4)
        }
    }

    @Test func `one that shows itself while nobody listened is alive after a restart, and looked after (H28, H36)`()
        async throws
    {
        try await withServer { bench in
            let refused = try await Self.refused(bench)
            bench.exchange.state.withLock { $0.orders[refused]?.status = .open }
            try await bench.restart()
            #expect(try await Self.row(refused, bench.server.database.real) == "open")
            #expect(try await Self.held(bench.server.database.real) == 5)
            let inspection = try await bench.server.supervisor.inspect(Self.key.description)
            #expect(inspection.openOrders.contains { $0.clientOrderID == "\(refused)" })
            #expect(try await bench.server.supervisor.stop(Self.key).status == .stopped)
            #expect(bench.exchange.open.isEmpty)
            #expect(try await Self.held(bench.server.database.real) == 0)
        }
    }

    @Test func `one that has ended by our own row and rests all the same is cancelled at the start`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let database = bench.server.database.real
            let ended = try #require(bench.exchange.open.first).request.id
            bench.exchange.tell(.event(.cancelled(ended)))
            try await bench.server.wait("its row says so") { try await Self.row(ended, database) == "cancelled" }
            #expect(bench.exchange.state.withLock { $0.orders[ended]?.status } == .open, "the exchange was wrong")
            try await bench.restart()
            try await bench.server.wait("its cancel has come") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.cancelled.contains(ended) }
            }
            #expect(!bench.exchange.open.contains { $0.request.id == ended })
        }
    }
}
