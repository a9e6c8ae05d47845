import Exchanges
import Execution
import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Numbers that have been given on, at a server with an exchange.
@Suite struct SessionNumberTests {
    private static let (first, second) = ("u1-c1-pureMarketMaking", "u1-c2-pureMarketMaking")

    /// One strategy has quoted and was stopped, another quotes under its number.
    /// - Returns: a buy of the first one's.
    private func withNumberGivenOn(_ body: (Bench, ClientOrderID) async throws -> Void) async throws {
        try await withServer { bench in
            try await bench.quote()
            let old = try #require(bench.exchange.open.first { $0.request.side == .buy }).request.id
            _ = try await bench.server.supervisor.stop(
                StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking))
            try await bench.quote(TestInstrument.body("u1", "c2"))
            #expect(bench.exchange.open.allSatisfy { $0.request.id.session == old.session }, "it is the same number")
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
            try await body(bench, old)
        }
    }

    private func tradeAfterAll(_ id: ClientOrderID, _ bench: Bench) {
        bench.exchange.state.withLock { $0.orders[id]?.status = .open }
        bench.exchange.fill(id)
    }

    private func fills(_ key: String, _ server: TestServer) async throws -> Int {
        try await server.supervisor.fills(strategyKey: key, after: 0, limit: 10).count
    }

    @Test func `a late fill is its own strategy's, though another has the number by now`() async throws {
        try await withNumberGivenOn { bench, old in
            tradeAfterAll(old, bench)
            try await bench.server.wait("it is booked") { [server = bench.server] in
                try await fills(Self.first, server) == 1
            }
            let other = try await bench.server.supervisor.inspect(Self.second)
            #expect(other.position == .zero && other.fillCount == 0)
            #expect(try await fills(Self.second, bench.server) == 0)
            #expect(try await bench.server.supervisor.inspect(Self.first).position == "0.01")
        }
    }

    @Test func `a kill after the number was given on changes nothing of that (H28)`() async throws {
        try await withNumberGivenOn { bench, old in
            try await bench.restart()
            try await bench.server.wait("four orders rest") { [exchange = bench.exchange] in exchange.open.count == 4 }
            tradeAfterAll(old, bench)
            try await bench.server.wait("it is booked") { [server = bench.server] in
                try await fills(Self.first, server) == 1
            }
            let other = try await bench.server.supervisor.inspect(Self.second)
            #expect(other.position == .zero && other.fillCount == 0)
            // The same fill while nobody listened, found by asking: booked once, and to the right one.
            let fill = try #require(bench.exchange.open.first { $0.request.side == .buy }).request.id
            bench.exchange.fill(fill, isTold: false)
            try await bench.restart()
            #expect(try await fills(Self.first, bench.server) == 1)
            #expect(try await fills(Self.second, bench.server) == 1)
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
        }
    }

    @Test
    func `a fill that was missed while nobody listened is its own strategy's though the number was given on (H28)`()
        async throws
    {
        try await withNumberGivenOn { bench, old in
            bench.exchange.state.withLock { $0.orders[old]?.status = .open }
            bench.exchange.fill(old, isTold: false)
            try await bench.restart()
            #expect(try await fills(Self.first, bench.server) == 1)
            #expect(try await fills(Self.second, bench.server) == 0)
        }
    }

    @Test func `a session whose number is nearly used up goes on under another one, and all its orders stay its own`()
        async throws
    {
        try await withServer { bench in
            let end = Int64(SessionNumberStore.usedUpFrom)
            _ = try await bench.server.database.write { transaction in
                try transaction.execute(
                    """
                    INSERT INTO session_numbers (number, instance_id, first_sequence, next_sequence)
                    VALUES (1, NULL, 0, \(end - 2))
                    """)
            }
            try await bench.quote()
            // Its third order has asked for another number; what it places next bears that.
            let old = bench.exchange.open.map(\.request.id)
            #expect(Set(old.map(\.session.rawValue)) == [1])
            try await bench.server.wait("it has another number") { [database = bench.server.database.real] in
                try await database.read { transaction in
                    try transaction.rows("SELECT number FROM session_numbers WHERE instance_id = 1").count == 2
                }
            }
            let buy = try #require(bench.exchange.open.first { $0.request.side == .buy }).request.id
            bench.exchange.fill(buy, lots: 400_000)
            bench.exchange.market(bid: 6_039_900, ask: 6_040_100)
            try await bench.server.wait("it quotes anew under it") { [exchange = bench.exchange] in
                exchange.open.count == 4 && exchange.open.allSatisfy { $0.request.id.session.rawValue == 2 }
            }
            // A fill that raced with the cancel, of an order under the old number.
            let other = try #require(old.first { $0 != buy })
            tradeAfterAll(other, bench)
            try await bench.server.wait("both are booked") { [server = bench.server] in
                try await fills(Self.first, server) == 2
            }
            #expect(try await bench.server.supervisor.inspect(Self.first).fillCount == 2)
            try await bench.restart()
            try await bench.server.wait("four orders rest") { [exchange = bench.exchange] in exchange.open.count == 4 }
            #expect(try await bench.server.supervisor.inspect(Self.first).fillCount == 2)
            let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)
            #expect(try await bench.server.supervisor.stop(key).status == .stopped)
            #expect(bench.exchange.open.isEmpty && bench.exchange.state.withLock { $0.duplicates } == [])
            // The used-up number is nobody's any more, and goes to nobody.
            try await bench.quote(TestInstrument.body("u1", "c2"))
            #expect(bench.exchange.open.allSatisfy { $0.request.id.session.rawValue == 2 })
        }
    }

    @Test
    func `orders of both numbers that rest over a restart are taken up again, and taken off by a stop (H27, H28)`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            // What it has made so far is all that its number had room for.
            _ = try await bench.server.database.write { transaction in
                try transaction.execute(
                    "UPDATE session_numbers SET next_sequence = \(Int64(SessionNumberStore.usedUpFrom))")
            }
            try await bench.restart()
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            let inspection = try await bench.server.supervisor.inspect(Self.first)
            #expect(inspection.openOrders.count == 4)
            #expect(bench.exchange.state.withLock { $0.placed.count } == 4, "those that are wanted keep their place")
            bench.exchange.fill(bench.exchange.open[0].request.id)
            try await bench.server.wait("another takes its place") { [exchange = bench.exchange] in
                exchange.open.count == 4
            }
            #expect(Set(bench.exchange.open.map(\.request.id.session.rawValue)) == [1, 2])
            let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)
            #expect(try await bench.server.supervisor.stop(key).status == .stopped)
            #expect(bench.exchange.open.isEmpty)
        }
    }
}
