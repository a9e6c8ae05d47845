import Testing
import TradingCore

@testable import Simulators

@Suite("Price ladder")
struct PriceLadderTests {
    @Test("follows its best prices")
    func best() {
        var ladder = PriceLadder(depth: 100, bestBid: 1_000)
        for ticks in [1_000, 990, 901] as [Int64] { ladder.set(.buy, ticks, lots: 5) }
        for ticks in [1_001, 1_064, 1_101] as [Int64] { ladder.set(.sell, ticks, lots: 7) }
        #expect((ladder.bidCount, ladder.askCount, ladder.spread) == (3, 3, 1))
        ladder.set(.sell, 1_001, lots: 0)
        #expect(ladder.best(.sell) == 1_064)
        ladder.set(.buy, 1_063, lots: 2)
        #expect((ladder.best(.buy), ladder.touchLots(.buy), ladder.spread) == (1_063, 2, 1))
        ladder.set(.buy, 1_063, lots: 0)
        #expect(ladder.best(.buy) == 1_000)
    }

    @Test("finds the next level within a distance, across words and around the ring")
    func next() {
        var ladder = PriceLadder(depth: 100, bestBid: 1_022)
        ladder.set(.buy, 1_022, lots: 1)
        ladder.set(.buy, 940, lots: 1)
        ladder.set(.sell, 1_023, lots: 1)
        ladder.set(.sell, 1_100, lots: 1)
        #expect(ladder.next(.buy, after: 1_022, within: 82) == 940)
        #expect(ladder.next(.buy, after: 1_022, within: 81) == nil)
        #expect(ladder.next(.sell, after: 1_023, within: 77) == 1_100)
        #expect(ladder.next(.sell, after: 1_023, within: 76) == nil)
    }
}
