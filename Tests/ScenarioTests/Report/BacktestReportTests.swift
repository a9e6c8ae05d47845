import Execution
import Testing
import TradingCore

@testable import mrmarket

@Suite("Backtest report")
struct BacktestReportTests {
    static let pictures = ["equity", "profit", "inventory", "prices", "spread", "markouts", "drawdown"]

    let unit: BookUnit

    init() throws {
        unit = try BookUnit(price: "0.01", quantity: "0.00001")
    }

    private func page(
        _ curve: PerformanceCurve, facts: [(label: String, value: String)] = [("Fills", "12")],
        parameters: [(String, String)] = [("bid_spread", "0.04 %")],
        startBase: FixedDecimal = "1.5"
    ) -> String {
        BacktestReport.html(
            title: "BTC/USDT", facts: facts, parameters: parameters, curve: curve, unit: unit, startBase: startBase,
            startQuote: "100000", baseName: "BTC", quoteName: "USDT")
    }

    @Test("a page is sound and has every picture", arguments: [1, 2, 9, 300, 5_000])
    func sound(seconds: Int) throws {
        let page = page(try SampleCurve.walk(seconds: seconds, unit: unit))
        #expect(MarkupCheck.faults(page) == [])
        for id in Self.pictures { #expect(page.contains("<figure id=\"\(id)\">"), "\(id)") }
        #expect(page.contains("<figure id=\"closeup\">") == (seconds >= 300))
        #expect(!page.contains("Nothing to draw"))
    }

    @Test("a session without samples says so in every picture")
    func empty() throws {
        let page = page(try SampleCurve(unit: unit).curve, facts: [], parameters: [])
        #expect(MarkupCheck.faults(page) == [])
        #expect(page.contains("No samples"))
        #expect(page.split(separator: "Nothing to draw").count == Self.pictures.count + 1)
        #expect(!page.contains("<dl") && !page.contains("<table"))
    }

    @Test("fills without a sample are drawn")
    func fillsAlone() throws {
        var sample = try SampleCurve(unit: unit)
        sample.fill(.buy, Price(ticks: 100), 200, SampleCurve.start)
        let page = page(sample.curve)
        #expect(MarkupCheck.faults(page) == [])
        #expect(page.contains("<title>Bought at 1.00"))
    }

    @Test("a course that never moves is drawn in the middle", arguments: [(1, 5_000), (2, 4_545), (500, 0)])
    func constant(count: Int, left: Int) throws {
        let page = page(try SampleCurve.constant(count, unit: unit))
        #expect(MarkupCheck.faults(page) == [])
        #expect(page.contains("d=\"M\(left) 5000h1h-1"))
        #expect(page.contains(" lone") == (count == 1))
    }

    @Test("the largest numbers and times do not overflow")
    func extremes() throws {
        var sample = try SampleCurve(unit: unit)
        for time in [Timestamp.distantPast, Timestamp(nanoseconds: 0), .distantFuture] {
            sample.look(at: time, time.nanoseconds, Price(ticks: .max), Price(ticks: .min))
        }
        for raw in [Int128.max, .min, 1, -1] { sample.add(profit: FixedDecimal(raw: raw), at: .distantFuture) }
        let page = page(sample.curve, startBase: FixedDecimal(raw: .max))
        #expect(MarkupCheck.faults(page) == [])
        #expect(page.contains("21 Sep 1677 00:12:43 – 11 Apr 2262 23:47:16 UTC"))
    }

    @Test("the fullest curve makes a page below 1.5 MB")
    func size() throws {
        var sample = try SampleCurve(unit: unit)
        for second in 0..<(PerformanceCurve.fillLimit - 1) {
            let now = SampleCurve.start.advanced(byNanoseconds: Nanoseconds.seconds(Int64(second)))
            let ticks = second % 2 == 0 ? Int64(6_000_000) : 9_000_000
            sample.fill(second % 3 == 0 ? .buy : .sell, Price(ticks: ticks), ticks * 2, now)
            guard second % 2 == 0, second < 2 * (PerformanceCurve.pointLimit - 1) else { continue }
            sample.look(at: now, ticks + 17 * Int64(second), Price(ticks: ticks), Price(ticks: ticks + 900))
        }
        #expect(sample.curve.points.count == PerformanceCurve.pointLimit - 1)
        #expect(sample.curve.fills.count == PerformanceCurve.fillLimit - 1)
        let page = page(sample.curve)
        #expect(MarkupCheck.faults(page) == [])
        #expect(page.utf8.count < 1_500_000)
    }

    @Test("text from outside stays text")
    func escaping() throws {
        let hostile = "</style><script>alert('x')</script>\"&\u{0}"
        let safe = "&lt;/style&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\u{FFFD}"
        let curve = try SampleCurve.walk(seconds: 20, unit: unit)
        let page = BacktestReport.html(
            title: hostile, facts: [(hostile, hostile)], parameters: [(hostile, hostile)], curve: curve, unit: unit,
            startBase: "1", startQuote: "1", baseName: hostile, quoteName: hostile)
        #expect(MarkupCheck.faults(page) == [])
        #expect(!page.contains("<script"))
        #expect(page.contains("<h1>\(safe)</h1>"))
        #expect(page.contains("<dt>\(safe)</dt><dd>\(safe)</dd>"))
        #expect(page.contains("<th scope=\"row\">\(safe)</th><td>\(safe)</td>"))
        #expect(page.contains("<span class=\"unit\">\(safe) per \(safe)</span>"))
    }

    @Test("nothing is loaded and nothing runs")
    func selfContained() throws {
        let page = page(try SampleCurve.walk(seconds: 600, unit: unit))
        for reference in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "onload", "javascript:"] {
            #expect(!page.contains(reference), "\(reference)")
        }
        #expect(page.contains("default-src 'none'"))
        #expect(page.contains("prefers-color-scheme: dark") && page.contains("@media print"))
    }

    @Test("the same session gives the same bytes")
    func deterministic() throws {
        let pages = try (0..<2).map { _ in page(try SampleCurve.walk(seconds: 900, unit: unit)) }
        #expect(pages[0] == pages[1])
    }

    @Test("long parameter lists stand in two tables, complete and in order")
    func parameters() throws {
        let names = (1...9).map { "parameter \($0)" }
        let page = page(try SampleCurve(unit: unit).curve, parameters: names.map { ($0, "1") })
        #expect(page.split(separator: "<table>").count == 3)
        let found = page.split(separator: "<th scope=\"row\">").dropFirst().map { String($0.prefix { $0 != "<" }) }
        #expect(found == names)
    }

    @Test("equity is what is held plus the profit")
    func equity() throws {
        var sample = try SampleCurve(unit: unit)
        sample.look(at: SampleCurve.start, 20_000, nil, nil)
        sample.add(profit: "-12.5", at: SampleCurve.start.advanced(byNanoseconds: Nanoseconds.seconds(60)))
        let page = page(sample.curve)
        #expect(page.contains("Equity <b>100,137.50</b>"))
        #expect(page.contains("Holding <b>100,150.00</b>"))
    }
}
