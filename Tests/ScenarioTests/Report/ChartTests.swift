import Testing
import TradingCore

@testable import mrmarket

@Suite("Charts")
struct ChartTests {
    @Test(
        "amounts are labelled at round numbers that can be told apart",
        arguments: [
            (["0.2", "9.7"], ["0", "2", "4", "6", "8", "10"]),
            (["61837.64", "61837.66"], ["61,837.640", "61,837.645", "61,837.650", "61,837.655", "61,837.660"]),
            (
                ["-0.00000003", "0.00000004"],
                [
                    "\u{2212}0.00000002", "0.00000000", "0.00000002", "0.00000004",
                ]
            ),
            (["100000000", "900000000"], ["200M", "400M", "600M", "800M"]),
            (["7"], ["6.98", "7.00", "7.02"]),
            (["0"], ["\u{2212}1.0", "\u{2212}0.5", "0.0", "0.5", "1.0"]),
        ] as [([FixedDecimal], [String])])
    func valueTicks(values: [FixedDecimal], labels: [String]) throws {
        let axis = try #require(ValueAxis(values.map(\.raw), includesZero: false, mostTicks: 6))
        #expect(axis.ticks.map { axis.style.text(FixedDecimal(raw: $0)) } == labels)
    }

    @Test(
        "time is labelled at round moments in UTC",
        arguments: [
            (0, 0, ["23:59:56", "23:59:58", "1 Jan", "00:00:02", "00:00:04"]),
            (1_709_474_400, 60, ["14:00:00", "14:00:10", "14:00:20", "14:00:30", "14:00:40", "14:00:50", "14:01:00"]),
            (1_709_218_800, 43_200, ["16:00", "18:00", "20:00", "22:00", "1 Mar", "02:00"]),
            (
                1_703_980_800, 172_800,
                [
                    "31 Dec 2023", "06:00", "12:00", "18:00", "1 Jan 2024", "06:00", "12:00", "18:00", "2 Jan 2024",
                ]
            ),
        ])
    func timeTicks(start: Int64, seconds: Int64, labels: [String]) throws {
        let axis = try #require(
            TimeAxis([start, start + seconds].map { Timestamp(nanoseconds: $0 * Nanoseconds.perSecond) }))
        #expect(axis.ticks.map(\.text) == labels)
    }

    @Test("a long time has few labels", arguments: [1, 60, 3_600, 86_400, 2_000_000, 40_000_000, 9_000_000_000])
    func fewTicks(seconds: Int64) throws {
        let axis = try #require(
            TimeAxis([0, seconds].map { Timestamp(nanoseconds: $0 * Nanoseconds.perSecond) }))
        #expect((3...10).contains(axis.ticks.count), "\(axis.ticks.map(\.text))")
    }

    @Test(
        "dates are those of the calendar",
        arguments: [
            (-1, "31 Dec 1969 23:59:59"), (0, "1 Jan 1970 00:00:00"), (951_782_400, "29 Feb 2000 00:00:00"),
            (4_107_542_399, "28 Feb 2100 23:59:59"), (4_107_542_400, "1 Mar 2100 00:00:00"),
        ])
    func calendar(seconds: Int64, text: String) {
        #expect(CalendarTime(nanoseconds: Int128(seconds * Nanoseconds.perSecond)).fullText == text)
    }

    @Test(
        "lengths of time are told in their two largest units",
        arguments: [
            (0, "under 1 s"), (5, "5 s"), (125, "2 min 5 s"), (3_605, "1 h"), (273_600, "3 d 4 h"),
        ])
    func duration(seconds: Int, text: String) {
        #expect(ReportText.duration(nanoseconds: Int128(seconds) * Int128(Nanoseconds.perSecond)) == text)
    }

    @Test(
        "a course is drawn from its first to its last value, broken where there is none",
        arguments: [
            (false, nil, "M0 5h1h-1l10-5M30 7h1h-1"),
            (true, nil, "M0 5h1h-1h10v-5H20M30 7h1h-1"),
            (false, 9, "M0 5h1h-1l10-5V9H0ZM30 7h1h-1V9H30Z"),
            (true, 9, "M0 5h1h-1h10v-5H20V9H0ZM30 7h1h-1V9H30Z"),
        ] as [(Bool, Int?, String)])
    func pen(isStepped: Bool, base: Int?, path: String) {
        let pen = ChartPen(places: [0, 10, 20, 30], heights: [5, 0, nil, 7])
        #expect(pen.path(isStepped: isStepped, closedAt: base) == path)
    }

    @Test(
        "shares are written with at most two decimals",
        arguments: [
            (0, "0%"), (1, "100%"), (0.125, "12.50%"), (0.0003, "0.03%"),
        ])
    func percent(fraction: Double, text: String) {
        #expect(ReportText.percent(fraction) == text)
    }
}
