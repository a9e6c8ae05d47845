import Testing
import TradingCore

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "advancing stays within the range",
        arguments: [
            (0, 5, 5), (0, -5, -5), (.max, 1, .max), (.max, -1, .max - 1), (.min, -1, .min), (.min, 1, .min + 1),
            (.max, .max, .max), (.min, .min, .min), (-1, .min, .min), (1, .max, .max), (0, .min, .min),
            (.min, .max, -1),
        ] as [(Int64, Int64, Int64)])
    func advances(start: Int64, by: Int64, end: Int64) {
        #expect(Timestamp(nanoseconds: start).advanced(byNanoseconds: by) == Timestamp(nanoseconds: end))
    }

    @Test(
        "a difference stays within the range",
        arguments: [
            (5, 3, 2), (3, 5, -2), (.max, .min, .max), (.min, .max, .min), (.max, -1, .max), (.min, 1, .min),
            (0, .min, .max),
            (-1, .min, .max), (0, .max, -.max), (.min, 0, .min), (.min, .min, 0),
        ] as [(Int64, Int64, Int64)])
    func differs(later: Int64, earlier: Int64, nanoseconds: Int64) {
        let difference = Timestamp(nanoseconds: later).nanoseconds(since: Timestamp(nanoseconds: earlier))
        #expect(difference == nanoseconds)
    }

    @Test("moments are ordered by time")
    func ordered() {
        #expect(Timestamp.distantPast < Timestamp(nanoseconds: -1))
        #expect(Timestamp(nanoseconds: -1) < Timestamp(nanoseconds: 0))
        #expect(Timestamp(nanoseconds: 0) < .distantFuture)
    }

    @Test("lengths of time are counted in nanoseconds")
    func lengths() {
        #expect(Nanoseconds.milliseconds(1_500) == 1_500_000_000)
        #expect(Nanoseconds.seconds(86_400) == Nanoseconds.perDay)
        #expect(Nanoseconds.seconds(-1) == -Nanoseconds.perSecond)
    }
}
