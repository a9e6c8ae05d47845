import Execution
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Simulators

/// The deciding part on a live market, moment by moment.
@Suite("Trading on a live market")
struct LiveCoreTests {
    static func configuration(_ market: LiveMarket) throws -> SpotConfiguration {
        var configuration = try FixedMarket.configuration()
        configuration.listings[0].source = .live(market)
        return configuration
    }

    private static func at(_ seconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: 1_700_000_000_000_000_000 + seconds * 1_000_000_000)
    }

    private static func stamped(_ records: [MarketRecord], at seconds: Int64) -> [MarketRecord] {
        records.map { record in
            var record = record
            record.time = at(seconds)
            return record
        }
    }

    private func step(_ bench: SpotBench, to seconds: Int64) throws {
        try bench.core.advance(to: Self.at(seconds))
        bench.core.hear(until: Self.at(seconds))
        bench.core.doHeard(isStored: bench.core.concernsOrders)
    }

    @Test("Nothing trades before a book has come, nor on what is left of one that is lost; cancelling goes on")
    func halts() throws {
        let live = LiveMarket(name: "test")
        let bench = try SpotBench(Self.configuration(live))
        let market = try bench.core.market("BTCUSDT")
        let (taker, maker) = ("side=BUY&type=MARKET&quantity=1", "side=BUY&type=LIMIT_MAKER&quantity=1&price=59995")
        #expect(try bench.place("alice", taker).refusal == .marketClosed)
        #expect(market.shownStatus == .halt)
        live.put(Self.stamped(LiveMarketTests.book(at: 0), at: 1))
        try step(bench, to: 1)
        #expect(market.shownStatus == .trading)
        #expect(try bench.place("alice", maker, id: "kept").refusal == nil)
        #expect(try bench.place("alice", maker, id: "gone").refusal == nil)
        live.put(Self.stamped([LiveMarketTests.record(.gap, at: 0)], at: 2))
        try step(bench, to: 2)
        #expect(market.shownStatus == .halt)
        #expect(try bench.place("bob", "side=SELL&type=MARKET&quantity=1").refusal == .marketClosed)
        #expect(bench.status("alice", "kept") == "NEW" && bench.core.balance("bob", "BTC").free == "10")
        #expect(bench.core.perform(.cancel(bench.cancel("alice", "gone"))).refusal == nil)
        // Whole again, and standing where the order is: it has traded.
        live.put(
            Self.stamped(
                [
                    LiveMarketTests.record(.reset, at: 0, isLast: false),
                    LiveMarketTests.record(.snapshot, at: 0, .sell, 5_999_000, 40_000_000),
                ], at: 3))
        try step(bench, to: 3)
        #expect(market.shownStatus == .trading && bench.status("alice", "kept") == "PARTIALLY_FILLED")
        #expect(bench.core.balance("alice", "BTC").free == "10.3996")
    }

    /// What is journaled is all that is needed: played back, it gives the same orders, fills and balances.
    @Test("What touched orders is journaled with all that came before it, and gives the same again", arguments: 1...8)
    func journaled(seed: UInt64) throws {
        let live = LiveMarket(name: "test")
        let bench = try SpotBench(Self.configuration(live))
        let again = try SpotBench(Self.configuration(LiveMarket(name: "test")))
        again.core.isWatched = false
        var random = SplitMix64(seed: seed)
        var journal: [(Timestamp, SpotCommand)] = []
        var kept = 0
        for second in 1...200 as ClosedRange<Int64> {
            live.put(Self.stamped(records(&random), at: second))
            let commands = try command(&random, second).map { [$0] } ?? []
            try bench.core.advance(to: Self.at(second))
            bench.core.hear(until: Self.at(second))
            let isStored = !commands.isEmpty || bench.core.concernsOrders
            if isStored {
                journal += (bench.core.heard.unstored + bench.core.heard.waiting + commands).map {
                    (Self.at(second), $0)
                }
            } else {
                kept += 1
            }
            let before = bench.core.events.count
            bench.core.doHeard(isStored: isStored)
            for command in commands { _ = bench.core.perform(command) }
            // Nobody hears of what is not in the journal.
            #expect(isStored || bench.core.events.count == before, "seed \(seed), \(second)")
        }
        for (time, command) in journal {
            try again.core.advance(to: time)
            _ = again.core.perform(command)
        }
        #expect(kept > 0, "seed \(seed): nothing was left to the next checkpoint")
        for account in ["alice", "bob"] {
            let owner = OrderRecords.Owner(account: account, symbol: "BTCUSDT")
            #expect(bench.core.records.all(owner) == again.core.records.all(owner), "seed \(seed)")
            #expect(bench.core.records.fills[owner] == again.core.records.fills[owner], "seed \(seed)")
            for asset in ["BTC", "USDT"] as [AssetID] {
                #expect(bench.core.balance(account, asset) == again.core.balance(account, asset), "seed \(seed)")
            }
        }
        let fills = bench.core.records.fills.values.reduce(0) { $0 + $1.count }
        #expect(fills > 0, "seed \(seed): nobody traded")
    }

    private func records(_ random: inout SplitMix64) -> [MarketRecord] {
        let price = 5_990_000 + Int64(random.below(20)) * 1_000
        let lots = Int64(random.below(5)) * 50_000_000
        switch random.below(8) {
        case 0: return [LiveMarketTests.record(.gap, at: 0)]
        case 1, 2: return LiveMarketTests.book(at: 0)
        case 3, 4:
            return [LiveMarketTests.record(.trade, at: 0, random.below(2) == 0 ? .buy : .sell, price, max(1, lots))]
        case 5: return [LiveMarketTests.record(.heartbeat, at: 0)]
        default:
            let side: Side = price < 6_000_000 ? .buy : .sell
            return [LiveMarketTests.record(.level, at: 0, side, price, lots)]
        }
    }

    private func command(_ random: inout SplitMix64, _ step: Int64) throws -> SpotCommand? {
        let account = random.below(2) == 0 ? "alice" : "bob"
        let bench = try SpotBench()
        switch random.below(12) {
        case 0:
            let side = random.below(2) == 0 ? "BUY&price=59995" : "SELL&price=60005"
            return .place(
                try bench.order(account, "side=\(side)&type=LIMIT&timeInForce=GTC&quantity=0.4", id: "o\(step)"))
        case 1: return .place(try bench.order(account, "side=SELL&type=MARKET&quantity=0.2", id: "o\(step)"))
        case 2, 3: return .cancelAll(account: account, symbol: "BTCUSDT", seed: random.next())
        default: return nil
        }
    }
}
