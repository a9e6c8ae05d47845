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
}
