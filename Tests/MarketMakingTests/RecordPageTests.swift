import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct RecordPageTests {
    @Test func `history is read to its end in pages, each entry once`() async throws {
        try await withServer { bench in
            try await bench.quote()
            for step in 0..<6 {
                bench.exchange.market(bid: 5_999_900 + Int64(step) * 20_000, ask: 6_000_100 + Int64(step) * 20_000)
                let wanted = 4 * (step + 1)
                try await bench.server.wait("\(wanted) orders") { [exchange = bench.exchange] in
                    exchange.state.withLock { $0.placed.count } >= wanted
                }
            }
            let supervisor = bench.server.supervisor
            let whole = try await supervisor.history(.user("u1"), RecordPage())
            #expect(whole.count >= 8)
            var read: [HistoryEntry] = []
            while true {
                let part = try await supervisor.history(.user("u1"), RecordPage(before: read.last?.id, limit: 3))
                read += part
                if part.count < 3 { break }
            }
            #expect(read.map(\.id) == whole.map(\.id))
            await #expect(throws: DeskError.self) {
                _ = try await supervisor.history(.user("u1"), RecordPage(before: 123_456_789))
            }
        }
    }

    @Test func `profit by fill is read in pages`() async throws {
        try await withServer { bench in
            try await bench.quote()
            for order in bench.exchange.open.prefix(2) {
                bench.exchange.fill(order.request.id, lots: 10)
                bench.exchange.fill(order.request.id, lots: 10)
            }
            let supervisor = bench.server.supervisor
            try await bench.server.wait("four fills") {
                try await supervisor.performance(userID: "u1", strategyType: nil, RecordPage()).count == 4
            }
            let whole = try await supervisor.performance(userID: "u1", strategyType: nil, RecordPage())
            let first = try await supervisor.performance(userID: "u1", strategyType: nil, RecordPage(limit: 3))
            let rest = try await supervisor.performance(
                userID: "u1", strategyType: nil, RecordPage(before: first.last?.id, limit: 3))
            #expect((first + rest).map(\.id) == whole.map(\.id))
        }
    }

    @Test func `of a million orders and fills only those that are told are read`() async throws {
        try await withTemporaryDatabase(.sqlite, TestServer.migrations) { database in
            let older: SQL = " AND o.created_at <= \(5) AND (o.created_at < \(5) OR o.client_order_id < \(7))"
            let queries: [SQL] = [
                RecordStore.orders(of: 1, nil, 10), RecordStore.orders(of: 1, older, 10),
                RecordStore.fills(of: 1, nil, 10), RecordStore.fills(of: 1, " AND f.id < \(9)", 10),
            ]
            for query in queries {
                let plan = try await database.read { transaction in
                    try transaction.rows("EXPLAIN QUERY PLAN " + query).map { try $0.get("detail", as: String.self) }
                }
                #expect(!plan.contains { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") }, "\(plan)")
            }
            let byHand = try await database.read { transaction in
                try transaction.rows("EXPLAIN QUERY PLAN " + RecordStore.fillsByHand(of: "u1", nil, 10))
                    .map { try $0.get("detail", as: String.self) }
            }
            #expect(!byHand.contains { $0.hasPrefix("SCAN") }, "\(byHand)")
        }
    }

    @Test func `a user's history is what all his strategies and his orders by hand make, newest first`() async throws {
        try await withServer { bench in
            let supervisor = bench.server.supervisor
            _ = try await supervisor.startPureMarketMaking(TestInstrument.body())
            _ = try await supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("both quote") { [exchange = bench.exchange] in exchange.open.count == 8 }
            for user in ["u1", "u2", "u1"] {
                _ = try await supervisor.place(
                    DirectOrderRequest(
                        userID: user, clientID: "c1", exchange: "paper", symbol: "BTC/USDT", side: .buy,
                        amount: "0.01", price: "59000"))
            }
            for (user, count) in [("u1", 6), ("u2", 5)] {
                let whole = try await supervisor.history(.user(user), RecordPage())
                #expect(whole.count == count && whole.allSatisfy { $0.userID == user })
                #expect(whole.count { $0.strategy == "direct" } == count - 4)
                let times = whole.map { ($0.executedAt, $0.id) }
                #expect(zip(times, times.dropFirst()).allSatisfy { $0 > $1 })
                var read: [HistoryEntry] = []
                while true {
                    let part = try await supervisor.history(.user(user), RecordPage(before: read.last?.id, limit: 2))
                    read += part
                    if part.count < 2 { break }
                }
                #expect(read.map(\.id) == whole.map(\.id))
            }
        }
    }
}
