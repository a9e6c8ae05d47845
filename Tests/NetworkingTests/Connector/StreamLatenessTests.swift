import Exchanges
import Testing

@testable import Networking

/// When a stream that talks counts as late. Times are milliseconds; the exchange's clock is a minute ahead of ours.
@Suite struct StreamLatenessTests {
    private static let ahead: Int64 = 60_000
    private static let start: Int64 = 1_700_000_000_000

    private static func clock(doubt: Int64 = 1) -> ClockOffset {
        var clock = ClockOffset()
        clock.heard(.init(sentAt: start, answeredAt: start + 2 * doubt, exchangeTime: start + ahead + doubt))
        return clock
    }

    /// Words that come at moments after the start, each so many milliseconds late.
    private static func judgements(
        _ words: [(at: Int64, late: Int64?)], _ clock: ClockOffset = clock()
    ) -> [StreamLateness.Judgement] {
        var lateness = StreamLateness(bound: 3_000, patience: 2_000)
        return words.map { word in
            lateness.heard(word.late.map { start + word.at + ahead - $0 }, at: start + word.at, by: clock)
        }
    }

    private static func kinds(_ words: [(at: Int64, late: Int64?)], _ clock: ClockOffset = clock()) -> String {
        judgements(words, clock).map { judgement in
            switch judgement {
            case .unknown: "?"
            case .untimed: "-"
            case .inTime: "+"
            case .doubtful: "~"
            case .late: "L"
            case .ahead: "A"
            }
        }.joined()
    }

    @Test func `one row of late words that lasts is told once, with how late it is`() {
        let steady = (0..<8).map { (at: Int64($0) * 500, late: Int64?.some(20_000)) }
        #expect(Self.kinds(steady) == "~~~~L~~~")
        guard case .late(let age) = Self.judgements(steady)[4] else { return #expect(Bool(false)) }
        #expect(abs(age - 20_000) < 5)
    }

    @Test(
        arguments: [
            ("in time", [(0, 0), (500, 100), (1_000, 2_900), (4_000, 0)], "++++"),
            ("a stutter", [(0, 9_000), (10, 9_000), (20, 9_000), (30, 9_000), (40, 10)], "~~~~+"),
            (
                "a stutter, again and again",
                [(0, 9_000), (1_900, 9_000), (1_950, 10), (2_000, 9_000), (3_900, 9_000)], "~~+~~"
            ),
            ("two words are no row", [(0, 9_000), (60_000, 9_000), (120_000, 9_000)], "~~L"),
            ("ever later", [(0, 1_000), (1_000, 2_000), (2_000, 3_500), (3_000, 4_500), (4_500, 6_000)], "++~~L"),
            (
                "hardly in time is not in time again", [(0, 5_000), (1_000, 2_500), (2_500, 5_000), (3_000, 1_000)],
                "~~~+"
            ),
            ("catching up", [(0, 9_000), (1_000, 6_000), (2_100, 3_500), (2_200, 2_000), (2_300, 1_000)], "~~L~+"),
            (
                "late anew",
                [
                    (0, 9_000), (1_000, 9_000), (2_000, 9_000), (3_000, 0), (4_000, 9_000), (5_000, 9_000),
                    (6_000, 9_000),
                ], "~~L+~~L"
            ),
            ("from the future", [(0, -9_000), (1_000, -9_000), (2_000, -9_000), (3_000, -9_000)], "~~A~"),
            ("now late, now from the future", [(0, 9_000), (1_000, -9_000), (2_500, 9_000), (3_000, -9_000)], "~~~~"),
            (
                "a zero is as late as any",
                [(0, 1_700_000_000_000), (1_000, 1_700_000_001_000), (3_000, 1_700_000_003_000)], "~~L"
            ),
            (
                "more than a day ahead is no time", [(0, -90_000_000), (1_000, -90_000_000), (3_000, -90_000_000)],
                "???"
            ),
        ] as [(String, [(Int64, Int64)], String)])
    func `words late by so much at moments are judged so`(_ name: String, _ words: [(Int64, Int64)], _ told: String) {
        #expect(Self.kinds(words.map { ($0.0, $0.1) }) == told, "\(name)")
    }

    @Test func `without a time, and while the exchange's clock is not known, nothing is judged`() {
        #expect(Self.kinds([(0, nil), (1_000, nil), (3_000, nil)]) == "---")
        #expect(Self.kinds([(0, 20_000), (1_000, 20_000), (3_000, 20_000)], ClockOffset()) == "???")
        var lateness = StreamLateness(bound: 3_000, patience: 2_000)
        #expect(lateness.heard(.max, at: Self.start, by: Self.clock()) == .unknown)
        #expect(lateness.heard(.min, at: Self.start, by: Self.clock()) == .doubtful)
    }

    @Test func `what the clock is unsure of counts for the stream`() {
        let words = [(at: Int64(0), late: Int64?.some(6_000)), (1_500, 6_000), (3_000, 6_000)]
        #expect(Self.kinds(words) == "~~L")
        #expect(Self.kinds(words, Self.clock(doubt: 4_000)) == "+++")
    }

    @Test func `another connection begins another row`() {
        var lateness = StreamLateness(bound: 3_000, patience: 2_000)
        let clock = Self.clock()
        func hear(_ at: Int64) -> StreamLateness.Judgement {
            lateness.heard(Self.start + at + Self.ahead - 9_000, at: Self.start + at, by: clock)
        }
        #expect(hear(0) == .doubtful && hear(1_900) == .doubtful)
        lateness.forget()
        #expect(hear(2_100) == .doubtful && hear(3_000) == .doubtful && hear(4_000) == .doubtful)
        guard case .late = hear(4_200) else { return #expect(Bool(false)) }
    }
}
