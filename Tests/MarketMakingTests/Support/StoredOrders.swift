import Exchanges
import Execution
import Ledger
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// The rows of one place, without a server: an account of 1,000 USDT and 1 BTC, and a strategy that runs.
struct StoredOrders {
    static let place = TradingPlace(
        exchange: ExchangeID(rawValue: "paper"), account: "default", symbol: TestInstrument.btc.id.symbol)
    static let now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    static let key = StrategyKey(userID: "u1", clientID: "c1", type: .pureMarketMaking)

    let store: OrderStore
    let instanceID: Int64

    var fills: FillStore { FillStore(orders: store) }

    /// The ledger must be sound afterwards.
    static func with(
        _ engine: DatabaseEngine, _ body: @escaping @Sendable (StoredOrders) throws -> Void
    ) async throws {
        try await withTemporaryDatabase(engine, TestServer.migrations) { database in
            try await database.write { transaction in try body(StoredOrders(transaction)) }
            let report = try await LedgerVerifier.verify(database)
            #expect(report.isSound, "\(report.findings)")
        }
    }

    private init(_ transaction: any SQLTransaction) throws {
        store = OrderStore(
            transaction: transaction, place: Self.place, instrument: TestInstrument.btc, risen: RisenOrders(),
            refusals: FillRefusals(), amended: AmendedOrders())
        let balances = [
            AssetBalance(asset: AssetID("USDT"), free: "1000", locked: "0"),
            AssetBalance(asset: AssetID("BTC"), free: "1", locked: "0"),
        ]
        _ = try store.ledger.adopt(balances, onlyMissing: false, now: Self.now)
        instanceID = try StrategyInstanceStore(transaction: transaction).insert(
            Self.key, Self.place, startPrice: nil, parameters: "{}", now: Self.now
        ).instance.id
    }

    /// 0.01 BTC at 60,000, which is 600 USDT.
    func order(_ number: UInt64, _ side: Side = .buy, lots: Int64 = 1_000_000) throws -> StoredOrder {
        StoredOrder(
            id: try #require(ClientOrderID(rawValue: 1 << 26 | number)), instanceID: instanceID, run: 1,
            parametersVersion: 1, side: side, level: 0, price: Price(ticks: 6_000_000),
            quantity: Quantity(lots: lots), filled: .zero, isPostOnly: true, status: .pending, createdAt: Self.now)
    }

    /// One that the exchange has said to rest.
    func resting(_ number: UInt64, _ side: Side = .buy, lots: Int64 = 1_000_000) throws -> StoredOrder {
        let order = try order(number, side, lots: lots)
        #expect(try store.insert(order))
        #expect(try store.update(order.id, .accepted, now: Self.now))
        return order
    }

    static func fill(_ order: StoredOrder, trade: UInt64, lots: Int64, ticks: Int64 = 6_000_000) -> Fill {
        Fill(
            tradeID: trade, orderID: order.id, side: order.side, price: Price(ticks: ticks),
            quantity: Quantity(lots: lots), liquidity: .maker, fee: .zero, feeAsset: .quote, time: now)
    }

    /// What of the account's USDT is free, and what its orders hold.
    func funds() throws -> [FixedDecimal] {
        let balance = try #require(
            try store.ledger.ledger.balance(of: store.ledger.account(.unallocated, AssetID("USDT"))))
        return [balance.available, balance.locked]
    }

    func states() throws -> [String] {
        try TradingStateStore(transaction: store.transaction).all().map { "\($0.state) \($0.reason)" }
    }
}
