import Execution
import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct SessionNumberStoreTests {
    private static let migrations = LedgerMigrations.all + MarketMakingMigrations.all
    private static let place = TradingPlace(
        exchange: TestInstrument.btc.id.exchange, account: "default", symbol: TestInstrument.btc.id.symbol)
    private static let now = Timestamp(nanoseconds: 1)

    private static func numbers(_ transaction: any SQLTransaction) -> SessionNumberStore {
        SessionNumberStore(transaction: transaction, installation: .first)
    }

    /// A new instance that runs, without a number yet.
    private static func instance(_ name: Int, _ transaction: any SQLTransaction) throws -> Int64 {
        try StrategyInstanceStore(transaction: transaction).insert(
            StrategyKey(userID: "u", clientID: "c\(name)", type: .pureMarketMaking), place, startPrice: nil,
            parameters: "{}", now: now
        ).instance.id
    }

    private static func order(
        _ ids: inout ClientOrderIDSource, of instance: Int64, _ status: String, _ transaction: any SQLTransaction
    ) throws -> Int64 {
        let made = ids.next()
        let id = Int64(try #require(made).rawValue)
        try transaction.execute(
            """
            INSERT INTO orders (client_order_id, instance_id, run, parameters_version, exchange, account_label, symbol, side,
                level, ticks, lots, price, quantity, is_post_only, status, filled_lots, created_at, updated_at)
            VALUES (\(id), \(instance), 1, 1, 'paper', 'default', 'BTC/USDT', 'buy', 0, 6000050, 2000000, '60000.5',
                '0.02', 1, \(status), 0, 1, 1)
            """)
        return id
    }

    /// Stops it as an operator's command and the exchange's confirmation do.
    private static func stop(_ id: Int64, _ transaction: any SQLTransaction) throws {
        let store = StrategyInstanceStore(transaction: transaction)
        #expect(try store.setStatus(.stopping, of: id, from: .running, now: now))
        #expect(try numbers(transaction).stopped(id, now: now))
    }

    private static func holders(_ transaction: any SQLTransaction) throws -> [Int64: Int64] {
        let rows = try transaction.rows("SELECT number, instance_id FROM session_numbers WHERE instance_id IS NOT NULL")
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.get("number"), try $0.get("instance_id")) })
    }

    @Test func `nine thousand strategies one after another go on numbering, and no order id is made twice`()
        async throws
    {
        try await withTemporaryDatabase(.sqlite, Self.migrations) { database in
            let seen = try await database.write { transaction in
                var seen: Set<Int64> = []
                for name in 0..<9_000 {
                    let id = try Self.instance(name, transaction)
                    var ids = try Self.numbers(transaction).take(for: id).current.ids(.first)
                    for _ in 0..<3 {
                        let order = try Self.order(&ids, of: id, "cancelled", transaction)
                        #expect(seen.insert(order).inserted)
                    }
                    try Self.stop(id, transaction)
                }
                #expect(try Self.holders(transaction).isEmpty)
                return seen
            }
            #expect(seen.count == 27_000)
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a number is held while its strategy runs, and the next holder goes on where it ended`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            try await database.write { transaction in
                let numbers = Self.numbers(transaction)
                let (one, two) = (try Self.instance(1, transaction), try Self.instance(2, transaction))
                let first = try numbers.take(for: one)
                #expect(first.current == .init(session: try #require(SessionID(1)), first: 0, next: 0))
                #expect(try numbers.take(for: two).current.session.rawValue == 2)
                var ids = first.current.ids(.first)
                let old = try Self.order(&ids, of: one, "cancelled", transaction)
                #expect(try numbers.take(for: one).current.next == 1, "taking again changes nothing")
                #expect(try numbers.take(for: one).current.first == 0)
                try Self.stop(one, transaction)
                let three = try Self.instance(3, transaction)
                let next = try numbers.take(for: three).current
                #expect(next == .init(session: try #require(SessionID(1)), first: 1, next: 1))
                // What the earlier holder made is not the next one's, though it bears the same number.
                let oldID = try #require(ClientOrderID(rawValue: UInt64(old)))
                #expect(!next.ids(.first).made(oldID) && ids.made(oldID))
                #expect(try Self.holders(transaction) == [1: three, 2: two])
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a stopped strategy with a live order keeps its number until the order is over and the number is needed`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            try await database.write { transaction in
                let numbers = Self.numbers(transaction)
                let one = try Self.instance(1, transaction)
                var ids = try numbers.take(for: one).current.ids(.first)
                let order = try Self.order(&ids, of: one, "unknown", transaction)
                try Self.stop(one, transaction)
                #expect(try Self.holders(transaction) == [1: one])
                try Self.occupy(2...8_191, transaction)
                let two = try Self.instance(2, transaction)
                #expect(throws: DeskError.self) { try numbers.take(for: two) }
                try transaction.execute("UPDATE orders SET status = 'cancelled' WHERE client_order_id = \(order)")
                #expect(try numbers.take(for: two).current == .init(session: #require(SessionID(1)), first: 1, next: 1))
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `more strategies than can run at once are refused, saying so, until one is stopped`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            try await database.write { transaction in
                let numbers = Self.numbers(transaction)
                let one = try Self.instance(1, transaction)
                _ = try numbers.take(for: one)
                try Self.occupy(2...8_191, transaction)
                let late = try Self.instance(2, transaction)
                do {
                    _ = try numbers.take(for: late)
                    Issue.record("was numbered")
                } catch { #expect("\(error)".contains("8191 strategies at most run at once")) }
                try Self.stop(one, transaction)
                #expect(try numbers.take(for: late).current.session.rawValue == 1)
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a number that is nearly used up is replaced, and never handed out again`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            try await database.write { transaction in
                let numbers = Self.numbers(transaction)
                let one = try Self.instance(1, transaction)
                _ = try numbers.take(for: one)
                let last = Int64(SessionNumberStore.usedUpFrom)
                try transaction.execute("UPDATE session_numbers SET next_sequence = \(last) WHERE number = 1")
                let held = try numbers.take(for: one)
                #expect(held.current.session.rawValue == 2 && held.current.next == 0)
                #expect(held.earlier.map(\.session.rawValue) == [1])
                #expect(try numbers.take(for: one) == held)
                #expect(try numbers.numbers(of: one) == held)
                let old = try #require(ClientOrderID(rawValue: 1 << 26 | 5))
                #expect(held.earlier[0].ids(.first).made(old))
                try Self.stop(one, transaction)
                #expect(try Self.holders(transaction).isEmpty)
                let two = try Self.instance(2, transaction)
                #expect(try numbers.take(for: two).current.session.rawValue == 2)
                #expect(try numbers.take(for: Self.instance(3, transaction)).current.session.rawValue == 3)
            }
        }
    }

    @Test func `where no other number is left, a holder goes on with what its own has room for`() async throws {
        try await withTemporaryDatabase(.sqlite, Self.migrations) { database in
            try await database.write { transaction in
                let numbers = Self.numbers(transaction)
                let one = try Self.instance(1, transaction)
                _ = try numbers.take(for: one)
                let last = Int64(SessionNumberStore.usedUpFrom)
                try transaction.execute("UPDATE session_numbers SET next_sequence = \(last) WHERE number = 1")
                try Self.occupy(2...8_191, transaction)
                let held = try numbers.take(for: one)
                #expect(held.current.session.rawValue == 1 && held.current.next == SessionNumberStore.usedUpFrom)
                #expect(held.earlier.isEmpty)
            }
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `databases that numbered sessions by strategies' ids go on: running ones keep theirs, stopped ones' are free`(
        _ engine: DatabaseEngine
    ) async throws {
        let before = Self.migrations.filter { $0.name != SessionNumberStore.migration.name }
        try await withTemporaryDatabase(engine, before) { database in
            try await database.write { transaction in
                for name in 1...4 { _ = try Self.instance(name, transaction) }
                for (instance, status) in [(1, "open"), (2, "cancelled"), (3, "unknown"), (4, "filled")] {
                    var ids = ClientOrderIDSource(
                        installation: .first, session: try #require(SessionID(UInt16(instance))), nextSequence: 70)
                    _ = try Self.order(&ids, of: Int64(instance), status, transaction)
                }
                try transaction.execute("UPDATE strategy_instances SET status = 'stopped' WHERE id >= 3")
            }
            _ = try await Migrator(Self.migrations).migrate(database)
            try await database.write { transaction in
                #expect(try Self.holders(transaction) == [1: 1, 2: 2, 3: 3])
                let numbers = Self.numbers(transaction)
                #expect(
                    try numbers.numbers(of: 1)?.current == .init(session: #require(SessionID(1)), first: 0, next: 71))
                let fresh = try numbers.take(for: Self.instance(5, transaction)).current
                #expect(fresh == .init(session: try #require(SessionID(4)), first: 71, next: 71))
            }
        }
    }

    @Test func `an instance's live orders are found by the index of live ones, not among all it ever made`()
        async throws
    {
        try await withTemporaryDatabase(.sqlite, Self.migrations) { database in
            let plan = try await database.read { transaction in
                try transaction.rows(
                    "EXPLAIN QUERY PLAN SELECT o.client_order_id FROM strategy_instances i JOIN orders o"
                        + " ON o.exchange = i.exchange AND o.account_label = i.account_label AND o.symbol = i.symbol"
                        + " WHERE i.id = 1 AND o.instance_id = i.id AND (\(raw: OrderStore.isLiveOrder)) LIMIT 1"
                ).map { try $0.get("detail", as: String.self) }
            }
            #expect(plan.contains { $0.contains("orders_live") }, "\(plan)")
        }
    }

    /// Numbers that an instance which runs for ever holds.
    private static func occupy(_ range: ClosedRange<Int>, _ transaction: any SQLTransaction) throws {
        let holder = try instance(0, transaction)
        for number in range {
            try transaction.execute(
                """
                INSERT INTO session_numbers (number, instance_id, first_sequence, next_sequence)
                VALUES (\(Int64(number)), \(holder), 0, 0)
                """)
        }
    }
}
