import Exchanges
import Execution
import Persistence
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct KillWithLostAnswersTests {
    @Test func `an order whose answer a kill swallowed is found by its id, never sent twice (H36)`() async throws {
        try await withServer { bench in
            bench.exchange.state.withLock {
                $0.faults = [.answerLost, .answerLost, .requestLost, .requestLost]
            }
            _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("four sent") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.placed.count == 4 }
            }
            try await bench.restart()
            try await bench.server.wait("four orders rest") { [exchange = bench.exchange] in exchange.open.count == 4 }
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
            let statuses = try await Self.statuses(bench.server.database.real)
            // Two were there all along, two never were and have been replaced.
            #expect(statuses.filter { $0 == "rejected" }.count == 2)
            #expect(!statuses.contains("unknown"))
        }
    }

    @Test func `while a request may still be carried out, no such order proves nothing (H36)`() async throws {
        try await withServer(acceptanceWindow: Nanoseconds.seconds(3_600)) { bench in
            bench.exchange.state.withLock { $0.faults = [.requestLost] }
            _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("four sent") { [exchange = bench.exchange] in
                exchange.state.withLock { $0.placed.count == 4 }
            }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let inspection = try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking")
            #expect(inspection.openOrders.map(\.status).filter { $0 == "unknown" }.count == 1)
            // Nothing is added while that is open.
            #expect(bench.exchange.state.withLock { $0.placed.count } == 4)
        }
    }

    @Test func `orders that rested and that the exchange has forgotten end, give their funds back, and are replaced`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let partly = try #require(bench.exchange.open.first { $0.request.side == .buy }).request.id
            bench.exchange.fill(partly, lots: 200_000)
            try await bench.server.wait("booked") { [server = bench.server] in
                try await server.supervisor.fills(strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 10).count == 1
            }
            let before = bench.exchange.open.map(\.request.id)
            bench.exchange.state.withLock { $0.orders = [:] }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_800, ask: 6_000_000)
            try await bench.server.wait("four new ones rest") { [exchange = bench.exchange] in exchange.open.count == 4
            }
            try await bench.server.wait("the others have ended") { [database = bench.server.database] in
                let statuses = try await database.read { transaction in
                    try transaction.rows("SELECT client_order_id, status FROM orders").filter {
                        let id: Int64 = try $0.get("client_order_id")
                        return before.contains { Int64($0.rawValue) == id }
                    }.map { try $0.get("status", as: String.self) }
                }
                return statuses.count == before.count && statuses.allSatisfy { $0 == "expired" || $0 == "cancelled" }
            }
            _ = try await bench.server.supervisor.stop(
                StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking))
            try await bench.server.wait("nothing is held") { [database = bench.server.database] in
                try await database.read { transaction in
                    try transaction.rows(
                        "SELECT 1 FROM orders WHERE status IN ('pending', 'unknown', 'open', 'cancelling')"
                    )
                    .isEmpty
                        && transaction.rows("SELECT 1 FROM ledger_transfers WHERE status = 'open'").isEmpty
                }
            }
        }
    }

    /// As after an outage in which it worked with an old copy of its books.
    @Test func `orders that ended as forgotten and that the exchange remembers are taken off, and their fills booked`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let exchange = bench.exchange
            let before = exchange.state.withLock { state in
                defer { state.orders = [:] }
                return state.orders
            }
            try await bench.restart()
            exchange.market(bid: 5_999_800, ask: 6_000_000)
            try await bench.server.wait("four new ones rest") { exchange.open.count == 4 }
            try await bench.server.wait("the others have ended") { [database = bench.server.database] in
                try await Self.statuses(database.real).count { $0 == "expired" || $0 == "cancelled" } == 4
            }
            let filled = try #require(before.values.first { $0.request.side == .buy }).request.id
            exchange.state.withLock { $0.orders.merge(before) { now, _ in now } }
            exchange.fill(filled, lots: 200_000)
            exchange.tell(.lost)
            exchange.tell(.recovered)
            try await bench.server.wait("what is remembered is off the book") {
                !exchange.open.contains { before[$0.request.id] != nil }
            }
            try await bench.server.wait("its fill is booked") { [server = bench.server] in
                try await server.supervisor.fills(strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 10)
                    .map(\.quantity) == ["0.002"]
            }
            try await bench.restart()
            #expect(!exchange.open.contains { before[$0.request.id] != nil })
            let fills = try await bench.server.supervisor.fills(
                strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 10)
            #expect(fills.map(\.quantity) == ["0.002"])
        }
    }

    @Test func `fills told twice, by stream and by asking, are booked once`() async throws {
        try await withServer { bench in
            try await bench.quote()
            let first = try #require(bench.exchange.open.first { $0.request.side == .buy }).request.id
            bench.exchange.fill(first, lots: 400_000)
            bench.exchange.fill(first, lots: 200_000, isTold: false)
            bench.exchange.tell(.lost)
            bench.exchange.tell(.recovered)
            for fill in bench.exchange.state.withLock({ $0.fills }) { bench.exchange.tell(.event(.filled(fill))) }
            try await bench.server.wait("both fills") { [server = bench.server] in
                try await server.supervisor.fills(strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 10).count == 2
            }
            try await bench.restart()
            let fills = try await bench.server.supervisor.fills(
                strategyKey: "u1-c1-pureMarketMaking", after: 0, limit: 10)
            #expect(fills.map(\.quantity) == ["0.004", "0.002"])
            #expect(fills.map(\.position) == ["0.004", "0.006"])
        }
    }

    @Test func `an intent that may be stored without our knowing is never sent, and holds no funds (H36)`() async throws
    {
        try await withServer { bench in
            _ = try await bench.server.supervisor.startPureMarketMaking(TestInstrument.body())
            bench.server.database.hideCommits(1)
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("it quotes all the same") { [exchange = bench.exchange] in
                exchange.open.count == 4
            }
            // The four of the hidden commit are there, never left, and are over; the four that rest are others.
            let placed = bench.exchange.state.withLock { $0.placed.count }
            #expect(placed == 4)
            try await bench.server.wait("the hidden ones are over") { [database = bench.server.database.real] in
                try await Self.statuses(database).filter { $0 == "rejected" }.count == 4
            }
            let held = try await bench.server.database.real.read { transaction in
                try transaction.rows("SELECT status FROM ledger_transfers WHERE status = 'open'").count
            }
            #expect(held == 4)
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
        }
    }

    private static func statuses(_ database: any SQLDatabase) async throws -> [String] {
        try await database.read { transaction in
            try transaction.rows("SELECT status FROM orders").map { try $0.get("status") }
        }
    }
}
