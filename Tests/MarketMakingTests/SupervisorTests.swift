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

@Suite struct SupervisorTests {
    @Test func `a started strategy quotes, and every order is stored before it is sent (H36)`() async throws {
        try await withExchange { exchange, place in
            let server = try await TestServer(exchange, place, time: SystemTime())
            let unstored = UnstoredOrders(server.database)
            exchange.state.withLock { $0.onPlace = { unstored.check($0.id) } }
            let instance = try await started(server, TestInstrument.body())
            #expect(instance.status == .running)
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await server.wait("four orders rest") { exchange.open.count == 4 }
            #expect(unstored.ids.withLock { $0 } == [])
            await server.kill()
        }
    }

    @Test func `who asks for a book before the market has told anything waits a little, and is told so in vain`()
        async throws
    {
        try await withExchange { exchange, place in
            let server = try await TestServer(exchange, place, time: SystemTime())
            try await server.wait("reconciled") { await server.supervisor.isReconciled }
            await #expect(throws: DeskError.notReady("paper has not told anything of BTC/USDT yet")) {
                _ = try await server.supervisor.orderBook(exchange: "paper", symbol: "BTC/USDT", limit: 5)
            }
            let asked = Task { try await server.supervisor.orderBook(exchange: "paper", symbol: "BTC/USDT", limit: 5) }
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            #expect(try await asked.value.bids.map(\.price) == ["59999"])
            await server.kill()
        }
    }

    @Test func `a kill loses nothing: orders stay, fills meanwhile are booked once (H28, H30)`() async throws {
        try await withExchange { exchange, place in
            var server = try await TestServer(exchange, place, time: SystemTime())
            _ = try await started(server, TestInstrument.body())
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await server.wait("four orders rest") { exchange.open.count == 4 }
            await server.kill()
            let before = exchange.open.map(\.request.id)
            exchange.fill(before[0], isTold: false)
            exchange.fill(before[1], lots: 100_000, isTold: false)
            server = try await TestServer(exchange, place, time: SystemTime())
            try await server.wait("reconciled") { [server] in await server.supervisor.isReconciled }
            let fills = try await server.supervisor.fills(strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 10)
            #expect(fills.map(\.quantity) == ["0.01", "0.001"])
            let inspection = try await server.supervisor.inspect("u1-c1-pureMarketMaking")
            #expect(inspection.fillCount == 2)
            // Whether and what it quotes is what the database says, not what some task remembered.
            try await server.wait("four orders rest again") { exchange.open.count >= 4 }
            // What is still wanted keeps its place in the queue.
            #expect(exchange.state.withLock { $0.orders[before[2]]?.status } == .open)
            #expect(exchange.state.withLock { $0.duplicates } == [])
            await server.kill()
        }
    }

    @Test func `a fill between the restart's booking and its look at the balances counts once (H28)`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let id = bench.exchange.open[0].request.id
            let exchange = bench.exchange
            exchange.state.withLock { $0.onBalances = { exchange.fill(id) } }
            try await bench.restart()
            try await bench.server.wait("the fill is booked") { [server = bench.server] in
                try await server.supervisor.inspect("u1-c1-pureMarketMaking").fillCount == 1
            }
            let total = try await bench.server.database.read { transaction in
                try LedgerStore(transaction: transaction).balances(of: .unallocated, "paper:default")
                    .first { $0.account.asset == AssetID("BTC") }?.total
            }
            #expect(total == "10.01")
            let fills = try await bench.server.supervisor.fills(
                strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 9)
            #expect(fills.count == 1)
        }
    }

    @Test func `the same key started many times at once runs once (D11, H29)`() async throws {
        try await withServer { bench in
            let server = bench.server
            let ids = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await server.supervisor.startPureMarketMaking(TestInstrument.body()).id }
                }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
            #expect(ids == [1])
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await server.wait("four orders rest") { [exchange = bench.exchange] in exchange.open.count == 4 }
        }
    }

    @Test func `a key that runs is left alone when started with the same, and refused with other parameters (D16)`()
        async throws
    {
        try await withServer { bench in
            let server = bench.server
            let first = try await server.supervisor.startPureMarketMaking(TestInstrument.body())
            let again = try await server.supervisor.startPureMarketMaking(TestInstrument.body(amount: "0.0100"))
            #expect(again.id == first.id && again.parametersVersion == 1, "the same, written otherwise")
            for other in [
                TestInstrument.body(amount: "0.02"), TestInstrument.body(more: #","baseFunds":1"#),
                TestInstrument.body().replacing("BTC/USDT", with: "ETH/USDT"),
            ] {
                await #expect(
                    throws: DeskError.refused(
                        "Strategy u1-c1-pureMarketMaking runs with other parameters: stop it before it is started with these"
                    )
                ) { _ = try await server.supervisor.startPureMarketMaking(other) }
            }
            #expect(try await server.supervisor.rerun("u1-c1-pureMarketMaking").id == first.id)
        }
    }

    @Test func `a pair that is not traded is refused naming the field`() async throws {
        try await withServer { bench in
            let body = TestInstrument.body().replacing("BTC/USDT", with: "XYZ/USDT")
            await #expect(throws: DeskError.invalid(["pair XYZ/USDT: must be one that is traded on paper"])) {
                _ = try await bench.server.supervisor.startPureMarketMaking(body)
            }
            let stored = try await bench.server.supervisor.strategies(.all)
            #expect(stored.isEmpty)
        }
    }

    @Test func `the start price is the first one that comes when there was none at the start`() async throws {
        try await withServer { bench in
            let server = bench.server
            let started = try await server.supervisor.startPureMarketMaking(TestInstrument.body())
            #expect(started.startPrice == nil)
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await server.wait("the price is stored") {
                try await server.supervisor.strategies(.all).first?.startPrice == "60000"
            }
            bench.exchange.market(bid: 6_999_900, ask: 7_000_100)
            let second = try await server.supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            #expect(second.startPrice == "70000")
            #expect(try await server.supervisor.strategies(.user("u1")).first?.startPrice == "60000")
        }
    }

    private func started(_ server: TestServer, _ body: String) async throws -> StrategyInstance {
        try await server.wait("reconciled") { await server.supervisor.isReconciled }
        return try await server.supervisor.startPureMarketMaking(body)
    }

    private func withExchange(_ body: (TestExchange, DatabaseLocation) async throws -> Void) async throws {
        for engine in DatabaseEngine.available {
            try await withTemporaryPlace(engine) { place in
                try await body(TestExchange(TestInstrument.btc, time: SystemTime()), place)
            }
        }
    }
}

/// Placements that arrived at the exchange before they were durable here.
private final class UnstoredOrders: Sendable {
    let ids = Mutex<[ClientOrderID]>([])
    private let database: ObservedDatabase

    init(_ database: ObservedDatabase) { self.database = database }

    func check(_ id: ClientOrderID) {
        if !database.isStored(id) { ids.withLock { $0.append(id) } }
    }
}
