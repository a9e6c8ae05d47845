import Exchanges
import Scheduling
import Testing

@Suite struct ClockOffsetTests {
    @Test("the true offset lies within the bounds, whatever the way takes", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func bounds(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let resolution: Int64 = random.below(2) == 0 ? 1 : 1_000
        var clock = ClockOffset(resolution: resolution)
        // In microseconds, so that the rounding of both clocks is in it.
        let trueOffset = Int64(random.below(20_000_000)) - 10_000_000
        var now: Int64 = 1_700_000_000_000_000
        for _ in 0..<300 {
            let way = Int64(random.below(400_000)), back = Int64(random.below(400_000))
            let told = (now + way + trueOffset) / 1_000
            let reading = ClockOffset.Reading(
                sentAt: now / 1_000, answeredAt: (now + way + back) / 1_000, exchangeTime: told - told % resolution)
            let isTaken = clock.heard(reading)
            #expect(isTaken)
            now += way + back + Int64(random.below(30_000_000))
            let offset = try #require(clock.offset(at: now / 1_000))
            let uncertainty = try #require(clock.uncertainty(at: now / 1_000))
            #expect(abs(offset * 1_000 - trueOffset) <= (uncertainty + 1) * 1_000, "seed \(seed)")
            let passed = try #require(clock.surelyPassed(at: now / 1_000))
            #expect(passed * 1_000 <= now + trueOffset, "seed \(seed)")
        }
    }

    @Test func `the quickest answer counts, until it is old`() throws {
        var clock = ClockOffset()
        clock.heard(.init(sentAt: 1_000, answeredAt: 1_010, exchangeTime: 2_005))
        clock.heard(.init(sentAt: 2_000, answeredAt: 2_800, exchangeTime: 3_300))
        #expect(clock.offset(at: 2_800) == 1_000)
        #expect(try #require(clock.uncertainty(at: 2_800)) <= 6)
        // Ten hours later a new answer is better than what is left of the old.
        clock.heard(.init(sentAt: 36_002_000, answeredAt: 36_002_100, exchangeTime: 36_003_050))
        #expect(try #require(clock.uncertainty(at: 36_002_100)) <= 51)
    }

    @Test func `a clock that was set is believed at once`() {
        var clock = ClockOffset()
        for at in stride(from: Int64(1_000), to: 9_000, by: 1_000) {
            clock.heard(.init(sentAt: at, answeredAt: at + 10, exchangeTime: at + 5))
        }
        clock.heard(.init(sentAt: 20_000, answeredAt: 20_100, exchangeTime: 80_050))
        #expect(clock.offset(at: 20_100) == 60_000)
        #expect(clock.exchangeTime(at: 21_000) == 81_000)
    }

    @Test(
        "an answer that says nothing is not taken",
        arguments: [
            (10, 9, 10), (0, 10_001, 5), (-1, 5, 5), (1, 2, -1), (1, 2, .max), (.max - 1, .max, 5), (.min, .max, 1),
        ] as [(Int64, Int64, Int64)])
    func useless(sentAt: Int64, answeredAt: Int64, exchangeTime: Int64) {
        var clock = ClockOffset()
        let isTaken = clock.heard(.init(sentAt: sentAt, answeredAt: answeredAt, exchangeTime: exchangeTime))
        #expect(!isTaken)
        #expect(!clock.isKnown)
        #expect(clock.surelyPassed(at: 7) == nil)
        #expect(clock.exchangeTime(at: 7) == 7)
    }
}
