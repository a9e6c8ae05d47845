import Exchanges
import Execution
import Persistence
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Books with sums that no trading can have made, stored by an earlier version: the start goes on, their strategy is halted, and
/// what the exchange tells is booked all the same.
@Suite struct AbsurdBooksTests {
    private static let (key, absurd) = (StoredOrders.key, "\(Int128.max)")

    @Test(arguments: DatabaseEngine.available)
    func `a fill of a session whose stored sums are absurd is booked, and the session is halted`(
        _ engine: DatabaseEngine
    ) async throws {
        try await StoredOrders.with(engine) { rows in
            let order = try rows.resting(1)
            let store = SessionBooksStore(transaction: rows.store.transaction)
            let counters = [Int128](repeating: .max, count: 13).enumerated().map {
                $0.offset == 0 || $0.offset == 7 ? 1 : $0.element
            }
            try store.put(
                SessionBooks(
                    instanceID: order.instanceID, run: 1, base: FixedDecimal(raw: .max), quote: FixedDecimal(raw: .min),
                    account: try #require(PositionAccount(counters: counters)), bestProfit: nil), now: StoredOrders.now)
            let fill = Fill(
                tradeID: 7, orderID: order.id, side: .buy, price: Price(ticks: 6_000_000),
                quantity: Quantity(lots: 400_000), liquidity: .maker, fee: "0.1", feeAsset: .quote,
                time: StoredOrders.now)
            #expect(try rows.fills.book(fill, books: nil, now: StoredOrders.now))
            #expect(try rows.store.order(order.id)?.filled.lots == 400_000)
            let states = try TradingStateStore(transaction: rows.store.transaction).all().map {
                "\($0.state) \($0.reason)"
            }
            #expect(states == ["halted ABSURD_BOOKS"])
            let kept = try #require(try store.books(of: order.instanceID))
            #expect(kept.base == "0.004" && kept.quote == "-240.1" && kept.account.fillCount == 1)
        }
    }

    @Test func `a start with absurd sums goes on: the strategy is halted and its orders are cancelled`()
        async throws
    {
        try await withServer { bench in
            try await bench.quote()
            let counters = (0..<13).map { $0 == 0 || $0 == 7 ? "1" : Self.absurd }.joined(separator: ",")
            try await bench.server.database.real.write { transaction in
                _ = try transaction.execute(
                    "UPDATE session_books SET counters = \(counters), base = \(FixedDecimal(raw: .max)), quote = \(FixedDecimal(raw: .min))"
                )
            }
            try await bench.restart()
            let view = try await bench.server.supervisor.inspect(Self.key.description)
            #expect(view.state == .halted)
            let states = try await bench.server.supervisor.tradingStates()
            #expect(states.contains { $0.scope == .session(Self.key.description) && $0.reason == "ABSURD_BOOKS" })
            try await bench.server.wait("nothing rests") { [exchange = bench.exchange] in exchange.open.isEmpty }
        }
    }
}
