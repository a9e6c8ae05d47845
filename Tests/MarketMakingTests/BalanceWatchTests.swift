import Exchanges
import Execution
import Ledger
import Persistence
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// Funds that come and go without an order of ours while the server runs.
@Suite struct BalanceWatchTests {
    private func totals(_ bench: Bench) async throws -> [AssetID: FixedDecimal] {
        let place = TradingPlace(
            exchange: bench.exchange.id, account: "default", symbol: bench.exchange.instrument.id.symbol)
        return try await bench.server.database.real.read { try AccountLedger(transaction: $0, place: place).totals() }
    }

    private func place(
        _ bench: Bench, _ amount: FixedDecimal, at price: FixedDecimal = "59000"
    ) async throws
        -> DirectOrderView
    {
        try await bench.server.supervisor.place(
            DirectOrderRequest(
                userID: "u1", clientID: "c1", exchange: "paper", account: "default", symbol: "BTC/USDT", side: .buy,
                amount: amount, price: price, isPostOnly: false, timeInForce: .goodTillCancelled, requestID: nil))
    }

    private func with(_ body: (Bench) async throws -> Void) async throws {
        try await withServer { bench in
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            _ = try await place(bench, "0.01")
            try await body(bench)
        }
    }

    @Test func `a deposit is booked once two comparisons agree, and can be used, and a withdrawal too`() async throws {
        try await with { bench in
            let supervisor = bench.server.supervisor
            await supervisor.compareBalances()
            await supervisor.compareBalances()
            #expect(try await totals(bench) == ["BTC": "10", "USDT": "1000000"])
            bench.exchange.state.withLock { $0.deposited = ("0.5", "2000000") }
            // More than was there: it waits for the deposit to be booked.
            await #expect(throws: DeskError.self) { try await place(bench, "40") }
            await supervisor.compareBalances()
            #expect(try await totals(bench) == ["BTC": "10", "USDT": "1000000"])
            await supervisor.compareBalances()
            #expect(try await totals(bench) == ["BTC": "10.5", "USDT": "3000000"])
            let large = try await place(bench, "40")
            #expect(large.status == .open)
            bench.exchange.state.withLock { $0.deposited = ("-4", "2000000") }
            await supervisor.compareBalances()
            await supervisor.compareBalances()
            #expect(try await totals(bench) == ["BTC": "6", "USDT": "3000000"])
        }
    }

    @Test func `a fill that the balances hold before it is told counts once`() async throws {
        try await with { bench in
            let order = try #require(bench.exchange.open.first?.request)
            bench.exchange.fill(order.id, isTold: false)
            // However often.
            for _ in 0..<3 { await bench.server.supervisor.compareBalances() }
            #expect(try await totals(bench) == ["BTC": "10", "USDT": "1000000"])
            for fill in bench.exchange.state.withLock(\.fills) { bench.exchange.tell(.event(.filled(fill))) }
            try await bench.server.wait("it is booked") { [server = bench.server] in
                try await server.database.real.read {
                    try LedgerStore(transaction: $0).balances(of: .unallocated, "paper:default")
                }
                .contains { "\($0.total)" == "10.01" }
            }
            await bench.server.supervisor.compareBalances()
            await bench.server.supervisor.compareBalances()
            #expect(try await totals(bench) == ["BTC": "10.01", "USDT": "999410"])
        }
    }

    @Test func `what was booked while the exchange was asked makes it no comparison`() async throws {
        try await with { bench in
            let order = try #require(bench.exchange.open.first?.request)
            bench.exchange.state.withLock { $0.deposited = ("0", "100") }
            await bench.server.supervisor.compareBalances()
            bench.exchange.state.withLock { state in
                state.onBalances = { [exchange = bench.exchange, server = bench.server] in
                    exchange.fill(order.id)
                    try? await server.wait("it is booked") {
                        try await server.database.real.read {
                            try LedgerStore(transaction: $0).balances(of: .unallocated, "paper:default")
                        }
                        .contains { "\($0.total)" == "10.01" }
                    }
                }
            }
            await bench.server.supervisor.compareBalances()
            let waiting = try await totals(bench)
            #expect(waiting == ["BTC": "10.01", "USDT": "999410"], "\(waiting) \(bench.exchange.open.count)")
            await bench.server.supervisor.compareBalances()
            await bench.server.supervisor.compareBalances()
            #expect(try await totals(bench) == ["BTC": "10.01", "USDT": "999510"])
        }
    }
}
