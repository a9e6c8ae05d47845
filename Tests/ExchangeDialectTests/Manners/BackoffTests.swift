import Exchanges
import Scheduling
import Testing

@Suite struct BackoffTests {
    @Test("waits double between their bounds, with chance in them", arguments: [1, 7, 99] as [UInt64])
    func doubles(seed: UInt64) {
        var backoff = Backoff(shortest: 100, longest: 5_000, seed: seed)
        for bound in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000] as [Int64] {
            let wait = backoff.failed(0)
            #expect(wait >= bound / 2 && wait <= bound, "seed \(seed): \(wait) of \(bound)")
        }
        for _ in 0..<200 { #expect(backoff.failed(0) <= 5_000) }
    }

    @Test func `the same seed waits the same, another does not`() {
        func waits(_ seed: UInt64) -> [Int64] {
            var backoff = Backoff(seed: seed)
            return (0..<10).map { _ in backoff.failed(0) }
        }
        #expect(waits(3) == waits(3))
        #expect(waits(3) != waits(4))
    }

    @Test func `only what held for a while makes the next wait short`() {
        var backoff = Backoff(shortest: 100, longest: 100_000, stableAfter: 1_000, seed: 1)
        for _ in 0..<6 { _ = backoff.failed(0) }
        backoff.opened(10_000)
        #expect(backoff.failed(10_999) > 3_000)
        backoff.opened(20_000)
        #expect(backoff.failed(21_000) <= 100)
    }

    @Test func `what the other side asks for is kept`() {
        var backoff = Backoff(shortest: 100, longest: 200, seed: 1)
        #expect(backoff.failed(0, atLeast: 9_000) == 9_000)
        #expect(backoff.failed(0) <= 200)
    }

    @Test func `absurd bounds do no harm`() {
        var backoff = Backoff(shortest: -5, longest: .max, stableAfter: .min, seed: 1)
        for _ in 0..<100 { #expect(backoff.failed(.max) >= 0) }
    }
}
