import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

@Suite struct OrderChecksMigrationTests {
    private static let migrations = LedgerMigrations.all + MarketMakingMigrations.all
    private static let statuses = [
        "pending", "unknown", "open", "cancelling", "filled", "cancelled", "rejected", "expired",
    ]

    @Test(arguments: DatabaseEngine.available)
    func `orders and fills are there as they were, from every earlier schema that had them`(
        _ engine: DatabaseEngine
    ) async throws {
        let first = LedgerMigrations.all.count + 2
        try await withEveryEarlierSchema(engine, Self.migrations) { database, taken in
            if taken >= first { try await database.write { try Self.fill($0) } }
        } check: { database, taken in
            guard taken >= first else { return }
            let (orders, fills) = try await database.read { transaction in
                (
                    try transaction.rows("SELECT client_order_id, status, price FROM orders ORDER BY client_order_id")
                        .map { try $0.get("status", as: String.self) + " " + $0.get("price", as: String.self) },
                    try transaction.rows("SELECT id, client_order_id, fee FROM fills ORDER BY id").map {
                        [try $0.get("id", as: Int64.self), try $0.get("client_order_id")]
                    }
                )
            }
            #expect(orders == Self.statuses.map { "\($0) 60000.5" })
            #expect(fills == [[7, 5], [8, 5]])
            // A fill names its order still, and numbers go on where they were.
            await #expect(throws: SQLError.self) {
                try await database.write { try $0.execute(Self.fill(id: nil, trade: 3, order: 99)) }
            }
            await #expect(throws: SQLError.self) {
                try await database.write {
                    try $0.execute("UPDATE orders SET status = 'lost' WHERE client_order_id = 1")
                }
            }
        }
    }

    @Test func `SQLite makes no temporary table to store an order, and finds live ones by their index`() async throws {
        try await withTemporaryDatabase(.sqlite, Self.migrations) { database in
            let (update, live) = try await database.read { transaction in
                (
                    try transaction.rows("EXPLAIN UPDATE orders SET status = 'open' WHERE client_order_id = 1").map {
                        try $0.get("opcode", as: String.self)
                    },
                    try transaction.rows(
                        """
                        EXPLAIN QUERY PLAN SELECT client_order_id FROM orders WHERE exchange = 'a'
                            AND account_label = 'b' AND symbol = 'c' AND (\(raw: OrderStore.isLive))
                        """
                    ).map { try $0.get("detail", as: String.self) }
                )
            }
            #expect(!update.contains { $0.hasPrefix("OpenEphemeral") })
            #expect(live.contains { $0.contains("orders_live") })
        }
    }

    static func fill(_ transaction: any SQLTransaction) throws {
        try transaction.execute(
            """
            INSERT INTO strategy_instances (id, strategy_key, user_id, client_id, strategy_type, exchange, account_label,
                symbol, status, parameters_version, run, created_at, updated_at)
            VALUES (1, 'k', 'u', 'c', 'pureMarketMaking', 'paper', 'default', 'BTC/USDT', 'running', 1, 1, 1, 1)
            """)
        for (number, status) in statuses.enumerated() {
            try transaction.execute(
                """
                INSERT INTO orders (client_order_id, instance_id, run, parameters_version, exchange, account_label,
                    symbol, side, level, ticks, lots, price, quantity, is_post_only, status, filled_lots, created_at,
                    updated_at)
                VALUES (\(number + 1), 1, 1, 1, 'paper', 'default', 'BTC/USDT', 'buy', 0, 6000050, 2000000, '60000.5',
                    '0.02', 1, \(status), \(status == "filled" ? 2_000_000 : 0), 1, 1)
                """)
        }
        try transaction.execute(fill(id: 7, trade: 1, order: 5))
        try transaction.execute(fill(id: 8, trade: 2, order: 5))
    }

    static func fill(id: Int64?, trade: Int64, order: Int64) -> SQL {
        """
        INSERT INTO fills (id, exchange, account_label, symbol, trade_id, client_order_id, instance_id, run, side, ticks,
            lots, price, quantity, fee, fee_asset, is_maker, realized, total_realized, position, executed_at, booked_at)
        VALUES (\(id ?? 100), 'paper', 'default', 'BTC/USDT', \(trade), \(order), 1, 1, 'buy', 6000050, 1000000, '60000.5',
            '0.01', '0.1', 'USDT', 1, '0', '0', '0.01', 1, 1)
        """
    }
}
