import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Own orders that no strategy at work looks after, at an exchange that does not cancel them at once.
@Suite struct StrayTests {
    private static func stray() throws -> ClientOrderID { try #require(ClientOrderID(rawValue: 77 << 26 | 5)) }

    private static func isTold(_ supervisor: StrategySupervisor) async -> Bool {
        await supervisor.health().faults.contains { $0.contains("that no strategy looks after") }
    }

    /// - Returns: one of four quotes, which has ended; another has taken its place.
    private static func quoteAndEndOne(_ bench: Bench) async throws -> ClientOrderID {
        try await bench.quote()
        let exchange = bench.exchange
        let id = try #require(exchange.open.first).request.id
        exchange.state.withLock { $0.orders[id]?.status = .cancelled }
        exchange.tell(.event(.cancelled(id)))
        try await bench.server.wait("another takes its place") { exchange.open.count == 4 }
        return id
    }

    @Test func `one whose cancel is refused is cancelled again until it is gone, and health says so while it stays`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let (exchange, stray) = (bench.exchange, try Self.stray())
            exchange.rest(stray)
            exchange.state.withLock { $0.refusesCancels = true }
            try await bench.restart()
            let supervisor = bench.server.supervisor
            #expect(await Self.isTold(supervisor))
            exchange.state.withLock { $0.refusesCancels = false }
            try await bench.server.wait("it is off the book") { !exchange.open.contains { $0.request.id == stray } }
            try await bench.server.wait("health is well again") { await supervisor.health().faults == [] }
            #expect(exchange.open.count == 4, "what a strategy looks after stays")
        }
    }

    @Test func `one whose cancel goes unanswered is known to be gone by the exchange's list`() async throws {
        try await withServer { bench in
            try await bench.quote()
            bench.exchange.rest(try Self.stray())
            bench.exchange.state.withLock { $0.tellsCancels = false }
            try await bench.restart()
            let supervisor = bench.server.supervisor
            try await bench.server.wait("health is well again") { await supervisor.health().faults == [] }
        }
    }

    @Test func `orders of a strategy that cannot be taken up are cancelled until they are gone`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            _ = try await bench.server.database.write { transaction in
                try transaction.execute("UPDATE strategy_parameters SET parameters = '{\"renamed\":1}'")
            }
            exchange.state.withLock { $0.refusesCancels = true }
            try await bench.restart()
            #expect(await Self.isTold(bench.server.supervisor))
            #expect(exchange.open.count == 4)
            exchange.state.withLock { $0.refusesCancels = false }
            try await bench.server.wait("they are off the book") { exchange.open.isEmpty }
        }
    }

    @Test(arguments: [true, false])
    func `the end of the server takes them off, or says that it did not (H27)`(_ isRefused: Bool) async throws {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            exchange.rest(try Self.stray())
            exchange.state.withLock { $0.refusesCancels = true }
            try await bench.restart()
            let (supervisor, stray) = (bench.server.supervisor, try Self.stray())
            exchange.state.withLock { state in
                state.refusesCancels = false
                if isRefused { state.keepsOpen = [stray] }
            }
            let isClean = await supervisor.shutDown(limit: Nanoseconds.milliseconds(isRefused ? 300 : 10_000))
            #expect(isClean == !isRefused)
            #expect(exchange.open.count == (isRefused ? 1 : 0))
        }
    }

    @Test func `one that shows itself when its strategy has ended is cancelled until it is gone (H36)`() async throws {
        try await withServer { bench in
            let exchange = bench.exchange
            exchange.state.withLock { $0.faults = [.refused(.other)] }
            try await bench.quote()
            let refused = try #require(
                exchange.state.withLock { $0.orders.values.first { $0.status == .rejected } }?.request.id)
            let (server, supervisor) = (bench.server, bench.server.supervisor)
            let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)
            #expect(try await supervisor.stop(key).status == .stopped)
            exchange.state.withLock { state in
                state.refusesCancels = true
                state.orders[refused]?.status = .open
            }
            exchange.tell(.event(.accepted(refused)))
            try await server.wait("health tells of it") { await Self.isTold(supervisor) }
            exchange.state.withLock { $0.refusesCancels = false }
            try await server.wait("it is off the book, and its row ended") {
                let live = try await server.database.real.read { transaction in
                    try OrderStore(
                        transaction: transaction, place: StoredOrders.place, instrument: TestInstrument.btc
                    ).live()
                }
                return exchange.open.isEmpty && live.isEmpty
            }
        }
    }

    @Test(arguments: [false, true])
    func
        `one that had ended and is placed anew at the exchange under its id is cancelled, also while the stream is lost`(
            _ isLost: Bool
        ) async throws
    {
        try await withServer { bench in
            let (exchange, server) = (bench.exchange, bench.server)
            let id = try await Self.quoteAndEndOne(bench)
            if isLost { exchange.tell(.lost) }
            exchange.state.withLock { state in
                state.refusesCancels = true
                state.orders[id]?.status = .open
            }
            exchange.tell(.event(.reappeared(id)))
            try await server.wait("health tells of it") { await Self.isTold(server.supervisor) }
            exchange.state.withLock { $0.refusesCancels = false }
            try await server.wait("it is off the book") {
                exchange.state.withLock { $0.orders[id]?.status == .cancelled }
            }
        }
    }

    @Test func `one that had ended and rests again after the stream was lost is found on the list, told or not`()
        async throws
    {
        try await withServer { bench in
            let (exchange, server) = (bench.exchange, bench.server)
            let id = try await Self.quoteAndEndOne(bench)
            exchange.tell(.lost)
            exchange.state.withLock { $0.orders[id]?.status = .open }
            exchange.tell(.recovered)
            try await server.wait("it is off the book") {
                exchange.state.withLock { $0.orders[id]?.status == .cancelled }
            }
            try await server.wait("the others quote, and all is well") {
                exchange.market(bid: 5_999_900, ask: 6_000_100)
                return await server.supervisor.health().faults == [] && exchange.open.count == 4
            }
        }
    }

    @Test func `one that a list shows late is no stray`() async throws {
        try await withServer { bench in
            let (exchange, server) = (bench.exchange, bench.server)
            let id = try await Self.quoteAndEndOne(bench)
            exchange.tell(.lost)
            // The first list still has what has ended; the next one is right.
            let asked = Mutex(0)
            exchange.state.withLock { state in
                state.onOpenOrders = { [exchange] in
                    let isFirst = asked.withLock { count in
                        count += 1
                        return count == 1
                    }
                    exchange.state.withLock { $0.orders[id]?.status = isFirst ? .open : .cancelled }
                }
            }
            let cancels = exchange.state.withLock { state in state.cancelled.count { $0 == id } }
            exchange.tell(.recovered)
            try await server.wait("both lists were asked for, and it quotes on") {
                exchange.market(bid: 5_999_900, ask: 6_000_100)
                return asked.withLock { $0 } > 1 && exchange.open.count >= 4
            }
            #expect(await server.supervisor.health().faults == [])
            #expect(exchange.state.withLock { state in state.cancelled.count { $0 == id } } == cancels)
        }
    }

    /// Nothing tells of it but the list of what is open.
    @Test(arguments: [true, false], ["side", "price", "amount"])
    func `one that rests with other terms than ours is cancelled, whether we were dead or the stream was lost`(
        _ wasDead: Bool, _ term: String
    ) async throws {
        try await withServer { bench in
            let exchange = bench.exchange
            try await bench.quote()
            let ours = try #require(exchange.open.first { $0.request.side == .buy }).request
            exchange.state.withLock { state in
                state.orders[ours.id]?.request = OrderRequest(
                    id: ours.id, side: term == "side" ? .sell : .buy,
                    price: Price(ticks: ours.price.ticks - (term == "price" ? 100_000 : 0)),
                    quantity: Quantity(lots: ours.quantity.lots * (term == "amount" ? 3 : 1)))
            }
            if wasDead {
                try await bench.restart()
            } else {
                // As after a break of the stream.
                let executor = try #require(await bench.server.supervisor.executors.values.first)
                await executor.recoverAccount()
            }
            try await bench.server.wait("it is cancelled") {
                exchange.state.withLock { $0.orders[ours.id]?.status == .cancelled }
            }
        }
    }
}
