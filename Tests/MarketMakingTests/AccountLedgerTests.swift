import Exchanges
import Execution
import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// What orders and fills of one exchange account do to the ledger, on every engine.
@Suite struct AccountLedgerTests {
    private static let place = TradingPlace(
        exchange: ExchangeID(rawValue: "paper"), account: "default", symbol: TestInstrument.btc.id.symbol)
    private static let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    private static let migrations = LedgerMigrations.all + MarketMakingMigrations.all

    private static func id(_ number: Int) throws -> ClientOrderID {
        var source = ClientOrderIDSource(
            installation: try #require(InstallationID(1)), session: try #require(SessionID(1)))
        var id: ClientOrderID?
        for _ in 0...number { id = source.next() }
        return try #require(id)
    }

    /// 10 BTC and 1,000,000 USDT, then what a test does; the ledger must be sound afterwards.
    private func withAccount(
        _ engine: DatabaseEngine,
        _ body: @escaping @Sendable (AccountLedger) throws -> Void
    ) async throws {
        try await withTemporaryDatabase(engine, Self.migrations) { database in
            try await database.write { transaction in
                let account = AccountLedger(transaction: transaction, place: Self.place)
                _ = try account.adopt(
                    [
                        AssetBalance(asset: AssetID("BTC"), free: "10", locked: "0"),
                        AssetBalance(asset: AssetID("USDT"), free: "1000000", locked: "0"),
                    ], onlyMissing: false, now: Self.now)
                try body(account)
            }
            let report = try await LedgerVerifier.verify(database)
            #expect(report.isSound, "\(report.findings)")
        }
    }

    private static func balance(_ account: AccountLedger, _ asset: String) throws -> [FixedDecimal] {
        let balance = try #require(
            try account.ledger.balance(of: account.account(.unallocated, AssetID(asset))))
        return [balance.available, balance.locked]
    }

    private static func buy(
        _ id: ClientOrderID, trade: Int, _ base: FixedDecimal, for quote: FixedDecimal, fee: FixedDecimal = "0",
        in asset: String = "USDT", isLast: Bool
    ) -> AccountLedger.Settlement {
        AccountLedger.Settlement(
            key: "fill:paper:default:BTC/USDT:\(trade)", orderID: id, spent: (AssetID("USDT"), quote),
            received: (AssetID("BTC"), base), fee: (AssetID(asset), fee), isLast: isLast)
    }

    @Test(arguments: DatabaseEngine.available)
    func `an order locks what it may spend, and no second one can spend it (H41)`(_ engine: DatabaseEngine) async throws
    {
        try await withAccount(engine) { account in
            #expect(try account.reserve("600000", AssetID("USDT"), for: Self.id(0), now: Self.now))
            #expect(try !account.reserve("600000", AssetID("USDT"), for: Self.id(1), now: Self.now))
            #expect(try Self.balance(account, "USDT") == ["400000", "600000"])
            try account.release(Self.id(0), now: Self.now)
            try account.release(Self.id(0), now: Self.now)
            #expect(try Self.balance(account, "USDT") == ["1000000", "0"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `partial fills spend the reservation; better prices and the end free the rest`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withAccount(engine) { account in
            let id = try Self.id(0)
            #expect(try account.reserve("60000", AssetID("USDT"), for: id, now: Self.now))
            try account.settle(Self.buy(id, trade: 1, "0.4", for: "24000", fee: "12", isLast: false), now: Self.now)
            #expect(try Self.balance(account, "USDT") == ["939988", "36000"])
            #expect(try Self.balance(account, "BTC") == ["10.4", "0"])
            // Bought cheaper than the limit: 500 come back with the last fill.
            try account.settle(Self.buy(id, trade: 2, "0.6", for: "35500", fee: "-5", isLast: true), now: Self.now)
            #expect(try Self.balance(account, "USDT") == ["940493", "0"])
            #expect(try Self.balance(account, "BTC") == ["11", "0"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a fill told again is booked once`(_ engine: DatabaseEngine) async throws {
        try await withAccount(engine) { account in
            let id = try Self.id(0)
            #expect(try account.reserve("60000", AssetID("USDT"), for: id, now: Self.now))
            let fill = Self.buy(id, trade: 1, "1", for: "60000", isLast: true)
            try account.settle(fill, now: Self.now)
            try account.release(id, now: Self.now)
            #expect(try Self.balance(account, "USDT") == ["940000", "0"])
            #expect(try Self.balance(account, "BTC") == ["11", "0"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `a fill after the order's end is booked from what is free, and what is short comes from the world`(
        _ engine: DatabaseEngine
    ) async throws {
        try await withAccount(engine) { account in
            let (late, other) = (try Self.id(0), try Self.id(1))
            #expect(try account.reserve("60000", AssetID("USDT"), for: late, now: Self.now))
            try account.release(late, now: Self.now)
            #expect(try account.reserve("990000", AssetID("USDT"), for: other, now: Self.now))
            // 10,000 are free; 60,000 have been spent, and a fee in an asset that nobody booked.
            try account.settle(
                Self.buy(late, trade: 1, "1", for: "60000", fee: "0.1", in: "BNB", isLast: true), now: Self.now)
            #expect(try Self.balance(account, "USDT") == ["0", "990000"])
            #expect(try Self.balance(account, "BTC") == ["11", "0"])
            // The exchange's word sets it right: 940,000 are there.
            let drifts = try account.adopt(
                [AssetBalance(asset: AssetID("USDT"), free: "0", locked: "940000")], onlyMissing: false, now: Self.now)
            #expect(drifts == ["USDT is 940000 at the exchange, was booked as 990000"])
            // All of it is locked, so nothing can be taken yet.
            #expect(try Self.balance(account, "USDT") == ["0", "990000"])
            try account.release(other, now: Self.now)
            _ = try account.adopt(
                [AssetBalance(asset: AssetID("USDT"), free: "940000", locked: "0")], onlyMissing: false, now: Self.now)
            #expect(try Self.balance(account, "USDT") == ["940000", "0"])
        }
    }

    @Test func `what an exchange lies about, beyond all that can be counted, is told and not booked`() async throws {
        let most = FixedDecimal(raw: .max)
        try await withAccount(.sqlite) { account in
            let drifts = try account.adopt(
                [
                    AssetBalance(asset: AssetID("BTC"), free: most, locked: most),
                    AssetBalance(asset: AssetID("USDT"), free: "5", locked: "0"),
                ], onlyMissing: false, now: Self.now)
            #expect(drifts.count == 2 && drifts[0].hasPrefix("BTC is ") && drifts[0].hasSuffix("too much to book"))
            #expect(try Self.balance(account, "BTC") == ["10", "0"])
            #expect(try Self.balance(account, "USDT") == ["5", "0"])
        }
    }

    @Test(arguments: DatabaseEngine.available)
    func `funds and live orders of the first versions are carried over, from every earlier schema (D54, H54)`(
        _ engine: DatabaseEngine
    ) async throws {
        let (before, after) = (LedgerMigrations.all.count + 3, LedgerMigrations.all.count + 5)
        try await withEveryEarlierSchema(engine, Self.migrations) { database, taken in
            guard taken >= before, taken < after else { return }
            try await database.write { try Self.fillFirstVersion($0) }
        } check: { database, taken in
            guard taken >= before, taken < after else { return }
            let (balances, held) = try await database.read { transaction in
                let account = AccountLedger(transaction: transaction, place: Self.place)
                let reservation = try account.ledger.reservation(LedgerStepID("order:\(Self.id(0))"))
                return (
                    try ["USDT", "BTC"].map { try Self.balance(account, $0) }, reservation?.remaining
                )
            }
            #expect(balances == [["999400", "600"], ["10", "0"]])
            #expect(held == "600")
            let report = try await LedgerVerifier.verify(database)
            #expect(report.isSound, "\(report.findings)")
        }
    }

    private static func fillFirstVersion(_ transaction: any SQLTransaction) throws {
        let id = Int64(try id(0).rawValue)
        try transaction.execute(
            """
            INSERT INTO strategy_instances (id, strategy_key, user_id, client_id, strategy_type, exchange, account_label,
                symbol, status, parameters_version, run, created_at, updated_at)
            VALUES (1, 'k', 'u', 'c', 'pureMarketMaking', 'paper', 'default', 'BTC/USDT', 'running', 1, 1, 1, 1)
            """)
        for (asset, total, reserved) in [("USDT", "1000000", "600"), ("BTC", "10", "0")] {
            try transaction.execute(
                """
                INSERT INTO funds (exchange, account_label, asset, total, reserved, updated_at)
                VALUES ('paper', 'default', \(asset), \(total), \(reserved), 1)
                """)
        }
        // 0.02 BTC at 60,000, half of it traded.
        try transaction.execute(
            """
            INSERT INTO orders (client_order_id, instance_id, run, parameters_version, exchange, account_label, symbol,
                side, level, ticks, lots, price, quantity, is_post_only, status, filled_lots, created_at, updated_at)
            VALUES (\(id), 1, 1, 1, 'paper', 'default', 'BTC/USDT', 'buy', 0, 6000000, 2000000, '60000', '0.02', 1, 'open',
                1000000, 1, 1)
            """)
    }
}
