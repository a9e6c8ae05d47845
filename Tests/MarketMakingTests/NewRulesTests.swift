import Exchanges
import Execution
import Scheduling
import Synchronization
import TestSupport
import Testing
import TradingCore

@testable import MarketMaking

/// An exchange changes what it takes while the server trades.
@Suite struct NewRulesTests {
    private func change(_ bench: Bench, _ rules: TradingRules, unit: BookUnit? = nil) {
        bench.exchange.state.withLock { state in
            let old = state.instrument
            state.instrument = Instrument(id: old.id, unit: unit ?? old.unit, rules: rules, fees: old.fees)
        }
    }

    private let coarse = TradingRules(
        priceRounding: .tick("1"), lotSize: "0.005", minimumQuantity: "0.005", minimumNotional: "500")

    @Test func `what trades comes off, and what is sent afterwards keeps the new rules`() async throws {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body(amount: "0.0123"))
            let before = bench.exchange.open.map(\.request)
            #expect(before.contains { $0.price.ticks % 100 != 0 || $0.quantity.lots % 500_000 != 0 })
            change(bench, coarse)
            await bench.server.supervisor.takeUpNewRules()
            #expect(Set(bench.exchange.state.withLock { $0.cancelled }) == Set(before.map(\.id)))
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("it quotes again") { [exchange = bench.exchange] in exchange.open.count == 4 }
            bench.exchange.market(bid: 6_003_300, ask: 6_003_500)
            try await bench.server.wait("it follows the market") { [exchange = bench.exchange] in
                exchange.open.count == 4 && exchange.state.withLock { $0.placed.count } >= before.count + 8
            }
            let sent = bench.exchange.state.withLock { $0.placed.dropFirst(before.count) }
            for request in sent {
                #expect(request.price.ticks % 100 == 0 && request.quantity.lots % 500_000 == 0, "\(request)")
                #expect(request.quantity.lots == 1_000_000)
            }
            #expect(bench.exchange.state.withLock { $0.duplicates } == [])
            #expect(await bench.server.supervisor.health().faults == [])
            // A person's order is held to them too, and told which.
            let refused = await direct(bench, price: "59000.5")
            guard case .invalid(let lines)? = refused else {
                Issue.record("\(String(describing: refused))")
                return
            }
            #expect(lines.first?.contains("a multiple of 1") == true)
        }
    }

    @Test(arguments: [RejectReason.other, .rule(.priceStep)])
    func `an order that is refused though it keeps the rules has them asked for at once`(
        _ reason: RejectReason
    ) async throws {
        try await withServer { bench in
            try await bench.quote(TestInstrument.body(amount: "0.0123"))
            change(bench, coarse)
            bench.exchange.state.withLock { $0.faults = [.refused(reason)] }
            bench.exchange.market(bid: 6_003_300, ask: 6_003_500)
            try await bench.server.wait("it quotes by the new rules") { [exchange = bench.exchange] in
                exchange.market(bid: 6_003_300, ask: 6_003_500)
                return exchange.open.count == 4
                    && exchange.open.allSatisfy {
                        $0.request.price.ticks % 100 == 0 && $0.request.quantity.lots % 500_000 == 0
                    }
            }
            #expect(try await bench.server.supervisor.inspect("u1-c1-pureMarketMaking").state == .active)
        }
    }

    @Test func `a least cost that the size does not reach is not gone below`() async throws {
        try await withServer { bench in
            try await bench.quote()
            change(
                bench,
                TradingRules(
                    priceRounding: .tick("1"), lotSize: "0.005", minimumQuantity: "0.005", minimumNotional: "1000"))
            let placed = bench.exchange.state.withLock { $0.placed.count }
            await bench.server.supervisor.takeUpNewRules()
            for step: Int64 in 0..<5 {
                bench.exchange.market(bid: 5_999_900 + step * 5_000, ask: 6_000_100 + step * 5_000)
            }
            try await bench.server.wait("the new executor has the market") { [server = bench.server] in
                await server.supervisor.health().executors.contains { $0.lastMarketData != nil }
            }
            #expect(bench.exchange.open.isEmpty)
            #expect(bench.exchange.state.withLock { $0.placed.count } == placed)
        }
    }

    @Test func `units that change are told as a fault, and trading goes on by the old rules`() async throws {
        try await withServer { bench in
            try await bench.quote()
            change(bench, coarse, unit: try BookUnit(price: "0.1", quantity: "0.00000001"))
            await bench.server.supervisor.takeUpNewRules()
            #expect(bench.exchange.open.count == 4)
            #expect(await bench.server.supervisor.health().faults.contains { $0.contains("units changed") })
        }
    }

    @Test func `rules that are known already disturb nothing`() async throws {
        try await withServer { bench in
            try await bench.quote()
            change(bench, coarse)
            await bench.server.supervisor.takeUpNewRules()
            bench.exchange.market(bid: 5_999_900, ask: 6_000_100)
            try await bench.server.wait("it quotes") { [exchange = bench.exchange] in exchange.open.count == 4 }
            let cancelled = bench.exchange.state.withLock { $0.cancelled.count }
            await bench.server.supervisor.takeUpNewRules()
            #expect(bench.exchange.state.withLock { $0.cancelled.count } == cancelled)
        }
    }

    private func direct(_ bench: Bench, price: FixedDecimal) async -> DeskError? {
        do {
            _ = try await bench.server.supervisor.place(
                DirectOrderRequest(
                    userID: "u1", clientID: "c1", exchange: "paper", symbol: "BTC/USDT", side: .buy, amount: "0.01",
                    price: price))
            return nil
        } catch { return error }
    }
}
