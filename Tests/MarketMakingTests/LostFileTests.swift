import Foundation
import Persistence
import Synchronization
import TestSupport
import Testing

@testable import MarketMaking

/// The database's file moved away under a server that trades, and has nothing to store.
@Suite struct LostFileTests {
    @Test func `quotes come off when the file is gone, and are made anew when it is back`() async throws {
        try await withTemporaryPlace(.sqlite) { place in
            guard case .sqlite(let path) = place else { return }
            let bench = try await Bench(place)
            try await bench.quote()
            let (exchange, server) = (bench.exchange, bench.server)
            let commits = server.database.commitCount
            #expect(rename(path, path + ".away") == 0)
            try await server.wait("they are off the book") { exchange.open.isEmpty }
            let faults = await server.supervisor.health().faults
            #expect(faults.allSatisfy { $0.contains("\(path) was deleted or moved") }, "\(faults)")
            #expect(faults.contains { $0.hasPrefix("storage: ") })
            #expect(server.database.commitCount == commits)
            // Time to try again does not make it trade.
            let placed = exchange.state.withLock { $0.placed.count }
            exchange.market(bid: 5_999_800, ask: 6_000_000)
            #expect(rename(path + ".away", path) == 0)
            try await server.wait("all is well") { await server.supervisor.health().faults.isEmpty }
            exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await server.wait("it quotes anew") { exchange.open.count == 4 }
            #expect(exchange.state.withLock { $0.placed.count } >= placed + 4)
            await bench.end()
        }
    }
}
