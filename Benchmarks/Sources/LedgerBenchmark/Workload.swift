import Ledger
import Persistence
import Scheduling
import TradingCore

/// Orders with funds, and what happens to each: placed and filled.
struct Workload: Sendable {
    let orders: [LedgerAccount]
    let exchange: LedgerAccount
    let world: LedgerAccount
    let time = SystemTime()

    init(orders: Int) throws {
        let usdt = AssetID("USDT")
        self.orders = try (0..<orders).map { try LedgerAccount(.order, "order-\($0)", usdt) }
        exchange = try LedgerAccount(.exchange, "paper:main", usdt)
        world = try LedgerAccount(.world, "deposits", usdt)
    }

    func begin(_ database: any SQLDatabase) async throws {
        _ = try await Migrator(LedgerMigrations.all).migrate(database)
        for (number, order) in orders.enumerated() {
            try await apply(
                LedgerPosting(key: "deposit-\(number)", .transfer(from: world, to: order, "1000000000")), database)
        }
    }

    func apply(_ posting: LedgerPosting, _ database: any SQLDatabase) async throws {
        _ = try await database.write { try LedgerStore(transaction: $0).apply(posting, now: time.now()) }
    }

    /// The reserve and the post of one order at an exchange.
    func steps(caller: Int, number: Int) throws -> [LedgerPosting] {
        let key = "placed-\(caller)-\(number)"
        let amount = FixedDecimal(raw: 1_234_500_000_000_000_000 + Int128(number % 1_000))
        let order = orders[(caller + number * 7) % orders.count]
        return [
            try LedgerPosting(key: key, .reserve(from: order, to: exchange, amount)),
            try LedgerPosting(key: "\(key)-filled", .postWhole(LedgerStepID(key))),
        ]
    }

    /// One caller: places and fills, one step after another.
    /// - Returns: how long each step took.
    func run(caller: Int, _ database: any SQLDatabase, until end: ContinuousClock.Instant) async throws -> [Duration] {
        var durations: [Duration] = []
        var number = 0
        while ContinuousClock.now < end {
            for posting in try steps(caller: caller, number: number) {
                let before = ContinuousClock.now
                try await apply(posting, database)
                durations.append(ContinuousClock.now - before)
            }
            number += 1
        }
        return durations
    }
}
