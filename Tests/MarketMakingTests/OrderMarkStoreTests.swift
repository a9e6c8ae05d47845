import Ledger
import Persistence
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct OrderMarkStoreTests {
    private static let migrations = LedgerMigrations.all + MarketMakingMigrations.all

    /// Five bytes at a time, the same again and again.
    private struct Dice: RandomSource {
        var value: UInt8
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { value &+ UInt8($0) } }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a mark is drawn once, whatever a later start or another node would draw`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryPlace(engine) { place in
            let database = try await Databases.open(place)
            _ = try await Migrator(Self.migrations).migrate(database)
            let now = Timestamp(nanoseconds: 1)
            let marks = try await withThrowingTaskGroup(of: OrderMark.self) { group in
                for node in 1...4 {
                    group.addTask {
                        try await OrderMarkStore.mark(of: database, random: Dice(value: UInt8(node)), now: now)
                    }
                }
                return try await group.reduce(into: Set<OrderMark>()) { $0.insert($1) }
            }
            #expect(marks.count == 1)
            let mark = try #require(marks.first)
            #expect(mark.tag != nil && mark.installation != .first)
            await database.close()
            let again = try await Databases.open(place)
            #expect(try await OrderMarkStore.mark(of: again, random: Dice(value: 200), now: now) == mark)
            await again.close()
        }
    }

    @Test func `databases draw marks of their own`() async throws {
        var marks: Set<OrderMark> = []
        for _ in 0..<3 {
            try await withTemporaryPlace(.sqlite) { place in
                let database = try await Databases.open(place)
                _ = try await Migrator(Self.migrations).migrate(database)
                marks.insert(
                    try await OrderMarkStore.mark(of: database, random: SystemRandom(), now: Timestamp(nanoseconds: 1)))
                await database.close()
            }
        }
        #expect(marks.count == 3)
    }

    /// What it placed before is asked for under its old name.
    @Test(arguments: DatabaseEngine.available)
    func `a database that has made orders goes on without a tag, one that has none draws one`(
        _ engine: DatabaseEngine
    ) async throws {
        let first = LedgerMigrations.all.count + 2
        let last = Self.migrations.firstIndex { $0.name == "market-making-010-order-mark" } ?? 0
        try await withEveryEarlierSchema(engine, Self.migrations) { database, taken in
            if taken >= first { try await database.write { try OrderChecksMigrationTests.fill($0) } }
        } check: { database, taken in
            let mark = try await OrderMarkStore.mark(
                of: database, random: Dice(value: 9), now: Timestamp(nanoseconds: 1))
            let isOld = taken >= first && taken <= last
            #expect((mark.tag == nil) == isOld, "\(taken)")
            #expect((mark.installation == .first) == isOld, "\(taken)")
        }
    }
}
