import Scheduling
import Testing
import TradingCore

@testable import Exchanges

/// Which windows of an exchange's list are asked for.
@Suite struct TransferWindowsTests {
    private static let day: Int64 = 86_400_000

    private func all(
        _ windows: TransferWindows, rows: (TransferWindows.Window) -> Int
    ) -> ([TransferWindows.Window], Bool) {
        var (windows, asked) = (windows, [TransferWindows.Window]())
        while let window = windows.next() {
            asked.append(window)
            windows.answered(window, rows: rows(window))
            if asked.count > 10_000 { break }
        }
        return (asked, windows.isWhole)
    }

    @Test func `an exchange without bounds is asked once, up to its own now`() {
        let (asked, isWhole) = all(TransferWindows(since: 5, now: 400 * Self.day, TransferHistory())) { _ in 3 }
        #expect(asked == [.init(since: 5, until: nil)] && isWhole)
    }

    @Test func `no window is longer than the exchange allows, none is left out, the oldest comes first`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<500 {
            let window = Int64.random(in: 3_600_000...(40 * Self.day), using: &random)
            let now = Int64.random(in: 100 * Self.day...200 * Self.day, using: &random)
            let since = now - Int64.random(in: 0...(90 * Self.day), using: &random)
            let (asked, isWhole) = all(
                TransferWindows(since: since, now: now, TransferHistory(window: window))
            ) { _ in 0 }
            #expect(isWhole && asked.first?.since == since && asked.last?.until == nil, "seed 7")
            for (one, next) in zip(asked, asked.dropFirst()) {
                #expect(one.until == next.since)
                #expect((one.until ?? .max) - one.since < window)
            }
            // The exchange's clock may be ahead of ours.
            let last = asked.last?.since ?? 0
            #expect(last <= now && now + TransferWindows.margin - last <= window)
        }
    }

    @Test func `what lies before the exchange's memory is not asked for, and the list is not whole`() {
        let history = TransferHistory(window: 7 * Self.day, reach: 90 * Self.day)
        let now = 200 * Self.day
        let (asked, isWhole) = all(TransferWindows(since: now - 100 * Self.day, now: now, history)) { _ in 0 }
        #expect(!isWhole && asked.first?.since == now - 90 * Self.day + TransferWindows.margin)
        #expect(asked.count == 13)
    }

    @Test func `a full answer is asked for again in halves, until nothing is left out`() {
        let times = (0..<700).map { Int64($0 * $0 * 13) }
        let now = 7_000_000 as Int64
        let history = TransferHistory(page: 50)
        var told: Set<Int64> = []
        let (asked, isWhole) = all(TransferWindows(since: 0, now: now, history)) { window in
            // As OKX has it: the end is not included.
            let within = times.filter { $0 >= window.since && $0 < window.until ?? .max }
            if within.count < history.page { told.formUnion(within) }
            return min(within.count, history.page)
        }
        #expect(isWhole && told.count == 700 && asked.count < 100)
    }

    @Test func `more at one moment than an answer holds is said to be left out, and ends`() {
        let (asked, isWhole) = all(TransferWindows(since: 0, now: 1_000_000, TransferHistory(page: 10))) { window in
            window.since <= 5_000 && 5_000 <= window.until ?? .max ? 10 : 0
        }
        #expect(!isWhole && asked.count < 60)
    }

    @Test(arguments: [
        ("binance", 90 as Int64?, nil as Int64?, 1_000), ("mexc", 7, 90, 1_000), ("bybit", 30, nil, 50),
        ("gate", 30, nil, 500),
        ("kucoin", 7, nil, 500), ("okx", nil, nil, 100), ("bitfinex", nil, nil, 1_000),
    ])
    func `each exchange's own bounds`(_ name: String, _ window: Int64?, _ reach: Int64?, _ page: Int) throws {
        let dialects: [any ExchangeDialect] = [
            BinanceDialect(), MEXCDialect(), BybitDialect(), GateDialect(), KuCoinDialect(), OKXDialect(),
            BitfinexDialect(),
        ]
        let history = try #require(dialects.first { $0.id.rawValue == name }).abilities.transferHistory
        #expect(history.window == window.map { $0 * Self.day } && history.reach == reach.map { $0 * Self.day })
        #expect(history.page == page && history.holdsBoth == (name == "bitfinex"))
    }
}
