import Execution
import Ledger
import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct OrderSequenceFloorTests {
    @Test(arguments: DatabaseEngine.available)
    func `after each restore every session leaps past what was ever used, once`(_ engine: DatabaseEngine) async throws {
        try await withTemporaryDatabase(engine, LedgerMigrations.all + MarketMakingMigrations.all) { database in
            let used = try #require(ClientOrderID(rawValue: 3 << 26 | 70))
            let numbers = try await database.write { transaction in
                try Self.store(used, transaction)
                let floor = OrderSequenceFloor(transaction: transaction)
                var numbers: [[UInt32]] = []
                func look() throws { numbers.append(try [3, 4].map { try Self.next($0, transaction) }) }
                #expect(try !floor.raise())
                try look()
                try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES")
                #expect(try floor.raise())
                #expect(try !floor.raise())
                try look()
                for _ in 0..<2 { try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES") }
                #expect(try floor.raise())
                try look()
                return numbers
            }
            let leap = UInt32(OrderSequenceFloor.leap)
            #expect(numbers == [[71, 0], [71 + leap, 71 + leap], [71 + 3 * leap, 71 + 3 * leap]])
        }
    }

    @Test func `a session whose numbers are used up makes none, rather than one again`() async throws {
        try await withTemporaryDatabase(.sqlite, LedgerMigrations.all + MarketMakingMigrations.all) { database in
            let last = try await database.write { transaction in
                for _ in 0..<100 { try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES") }
                try OrderSequenceFloor(transaction: transaction).raise()
                return try Self.next(3, transaction)
            }
            let session = try #require(SessionID(3))
            var source = ClientOrderIDSource(installation: .first, session: session, nextSequence: last)
            #expect(source.next() == nil)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `as many restores as there is room for leave numbers, one more leaves none, and starting says why`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, LedgerMigrations.all + MarketMakingMigrations.all) { database in
            try await database.write { transaction in
                try Self.store(try #require(ClientOrderID(rawValue: 3 << 26 | 70)), transaction)
                func restore(_ count: Int64) throws {
                    for _ in 0..<count { try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES") }
                    try OrderSequenceFloor(transaction: transaction).raise()
                }
                let numbers = SessionNumberStore(transaction: transaction, installation: .first)
                try restore(OrderSequenceFloor.mostRestores)
                #expect(try OrderSequenceFloor(transaction: transaction).usedUp() == nil)
                let last = try numbers.take(for: 3).current
                var source = last.ids(.first)
                #expect(source.next() != nil)
                try restore(1)
                let usedUp = try #require(try OrderSequenceFloor(transaction: transaction).usedUp())
                #expect("\(usedUp)".contains("restored from a backup 64 times, and has room for 63 restores"))
                // Who holds a number keeps it, and makes no order under it: none has a number that was used.
                var exhausted = try numbers.take(for: 3).current.ids(.first)
                #expect(exhausted.next() == nil)
                try transaction.execute("UPDATE session_numbers SET instance_id = NULL")
                #expect(throws: DeskError.refused("\(usedUp)")) { try numbers.take(for: 3) }
            }
        }
    }

    @Test func `a server on a database that was restored too often says so, sends nothing, and starts nothing`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let placed = bench.exchange.state.withLock { $0.placed.count }
            _ = try await bench.server.database.real.write { transaction in
                for _ in 0...OrderSequenceFloor.mostRestores {
                    try transaction.execute("INSERT INTO mrmarket_restores DEFAULT VALUES")
                }
            }
            try await bench.restart()
            let supervisor = bench.server.supervisor
            #expect(await supervisor.health().faults.contains { $0.contains("order numbers are used up") })
            bench.exchange.market(bid: 6_099_900, ask: 6_100_100)
            let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)
            try await bench.server.wait("what ran is halted, and off the book") { [exchange = bench.exchange] in
                try await supervisor.inspect(key.description).state == .halted && exchange.open.isEmpty
            }
            let refused = await #expect(throws: DeskError.self) {
                _ = try await supervisor.startPureMarketMaking(TestInstrument.body("u2"))
            }
            #expect("\(try #require(refused))".contains("restored from a backup 64 times"))
            let exchange = bench.exchange.state.withLock { ($0.placed.count, $0.duplicates) }
            #expect(exchange.0 == placed && exchange.1.isEmpty)
        }
    }

    private static func next(_ number: UInt16, _ transaction: any SQLTransaction) throws -> UInt32 {
        let session = try #require(SessionID(number))
        return try OrderStore.nextSequence(of: session, installation: .first, transaction)
    }

    private static func store(_ id: ClientOrderID, _ transaction: any SQLTransaction) throws {
        try transaction.execute(
            """
            INSERT INTO strategy_instances (id, strategy_key, user_id, client_id, strategy_type, exchange, account_label,
                symbol, status, parameters_version, run, created_at, updated_at)
            VALUES (3, 'k', 'u', 'c', 'pureMarketMaking', 'paper', 'default', 'BTC/USDT', 'running', 1, 1, 1, 1)
            """)
        try transaction.execute(
            """
            INSERT INTO orders (client_order_id, instance_id, run, parameters_version, exchange, account_label, symbol, side,
                level, ticks, lots, price, quantity, is_post_only, status, filled_lots, created_at, updated_at)
            VALUES (\(Int64(id.rawValue)), 3, 1, 1, 'paper', 'default', 'BTC/USDT', 'buy', 0, 6000050, 2000000, '60000.5',
                '0.02', 1, 'open', 0, 1, 1)
            """)
    }
}
