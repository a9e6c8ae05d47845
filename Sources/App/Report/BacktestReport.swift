import Execution
import TradingCore

/// A session's course as one web page: what it earned, what it risked for it, and how it traded.
///
/// The page stands alone: nothing is loaded, nothing runs. The same input gives the same bytes.
enum BacktestReport {
    /// - Parameters:
    ///   - title: what was tested, as plain text.
    ///   - facts: the headline numbers, in the order to show them.
    ///   - parameters: names and values the strategy ran with.
    ///   - startBase: what the account held before the first order, as `startQuote`.
    ///   - baseName: the base asset as it reads after an amount, as `quoteName`.
    static func html(
        title: String, facts: [(label: String, value: String)], parameters: [(String, String)],
        curve: PerformanceCurve, unit: BookUnit, startBase: FixedDecimal, startQuote: FixedDecimal,
        baseName: String = "base", quoteName: String = "quote"
    ) -> String {
        let charts = ReportCharts(
            points: curve.points, fills: curve.fills, unit: unit, startBase: startBase, startQuote: startQuote,
            baseName: baseName, quoteName: quoteName)
        let times = curve.points.map(\.time) + curve.fills.map(\.time)
        let page = ReportPage(title: title, facts: facts, parameters: parameters)
        return page.html(pictures: charts.all(), axis: TimeAxis(times))
    }
}

/// Turns samples and fills into the pictures of the report.
struct ReportCharts {
    let points: [PerformanceCurve.Point]
    let fills: [PerformanceCurve.FillMark]
    let unit: BookUnit
    let startBase: FixedDecimal
    let startQuote: FixedDecimal
    let baseName: String
    let quoteName: String

    /// A picture, and the time it shows when that is not the whole session.
    typealias Picture = (chart: Chart, axis: TimeAxis?)

    func all() -> [Picture] {
        var pictures: [Picture] = [(equity, nil), (profit, nil), (inventory, nil), (prices, nil)]
        if let closeUp { pictures.append(closeUp) }
        return pictures + [(spread, nil), (markouts, nil), (drawdown, nil)]
    }

    // MARK: - Money

    private var equity: Chart {
        let holding = points.map { hold($0.doubleMid) }
        let equity = zip(holding, points).map { FixedDecimal(raw: $0.raw &+ $1.profit.raw) }
        return chart(
            "equity", "Equity and holding", quoteName,
            """
            What the account is worth with everything marked at the mid price, and what the starting balance of \
            \(amount(startBase)) \(baseName) and \(amount(startQuote)) \(quoteName) would be worth had nothing been traded.
            """,
            [Chart.Series("Equity", "own", .line, equity), Chart.Series("Holding", "rest dashed", .line, holding)])
    }

    private var profit: Chart {
        chart(
            "profit", "Profit against holding", quoteName,
            "The distance between the two lines above: what trading itself earned since the start, all fees paid.",
            [Chart.Series("Profit", "own", .area, points.map(\.profit))], includesZero: true)
    }

    private var spread: Chart {
        let rest = points.map { FixedDecimal(raw: $0.profit.raw &- $0.spreadCaptured.raw) }
        return chart(
            "spread", "Spread captured", quoteName,
            """
            What fills gained on the mid price of their moment. The rest is what happened afterwards: price moves on the \
            inventory, less fees. Both together are the profit.
            """,
            [
                Chart.Series("Spread captured", "gain", .area, points.map(\.spreadCaptured)),
                Chart.Series("Price moves and fees", "rest", .line, rest),
            ], includesZero: true)
    }

    private var markouts: Chart {
        let series = PerformanceRecorder.markoutHorizons.enumerated().map { index, seconds in
            Chart.Series(
                "after \(seconds) s", "horizon\(index + 1)", .line,
                points.map { index < $0.markouts.count ? $0.markouts[index] : nil })
        }
        return chart(
            "markouts", "Markouts", quoteName,
            """
            What all fills so far were worth 1, 10 and 60 seconds later, against the mid price then. Below zero the market \
            moved against us by more than the spread we earned: adverse selection.
            """,
            series, includesZero: true)
    }

    private var drawdown: Chart {
        chart(
            "drawdown", "Drawdown", quoteName, "How far equity lies below its highest value so far.",
            [Chart.Series("Below the peak", "loss", .area, points.map { FixedDecimal(raw: 0 &- $0.drawdown.raw) })],
            includesZero: true)
    }

    // MARK: - Trading

    private var inventory: Chart {
        chart(
            "inventory", "Inventory", baseName,
            "Bought less sold since the start. Above zero a falling price costs money, below zero a rising one does.",
            [Chart.Series("Position", "own", .stepArea, points.map { unit.decimal($0.position) })], includesZero: true)
    }

    private var prices: Chart {
        pricePicture(
            "prices", "Prices, quotes and fills",
            "The mid price between our own best bid and ask, as they stood at each sample, and the prices we traded at.",
            points, fills)
    }

    /// The part of the session with the most fills, where single quotes can be told apart.
    private var closeUp: Picture? {
        let parts: Int128 = 24
        let times = points.map(\.time) + fills.map(\.time)
        guard points.count >= 240, let window = TimeAxis(times)?.scale else { return nil }
        let width = (window.high - window.low) / parts
        var counts = Array(repeating: 0, count: Int(parts))
        func part(_ time: Timestamp) -> Int {
            Int(min((Int128(time.nanoseconds) - window.low) / max(width, 1), parts - 1))
        }
        for fill in fills { counts[part(fill.time)] += 1 }
        guard let most = counts.max(), most > 0, let busiest = counts.firstIndex(of: most) else { return nil }
        let nearPoints = points.filter { part($0.time) == busiest }
        let nearFills = fills.filter { part($0.time) == busiest }
        let nearTimes = nearPoints.map(\.time) + nearFills.map(\.time)
        guard nearPoints.count > 1, let axis = TimeAxis(nearTimes) else { return nil }
        let chart = pricePicture(
            "closeup", "The busiest stretch",
            """
            The part of the session with the most fills, on its own time axis. Quotes are drawn as sampled; they may have \
            moved in between, and fills then lie beside them.
            """,
            nearPoints, nearFills)
        return (chart, axis)
    }

    private func pricePicture(
        _ id: String, _ title: String, _ explanation: String, _ points: [PerformanceCurve.Point],
        _ fills: [PerformanceCurve.FillMark]
    ) -> Chart {
        var chart = chart(
            id, title, "\(quoteName) per \(baseName)", explanation,
            [
                Chart.Series("Our bid", "bid", .step, points.map { $0.bid.map(unit.decimal) }),
                Chart.Series("Our ask", "ask", .step, points.map { $0.ask.map(unit.decimal) }),
                Chart.Series("Mid", "mid", .line, points.map { mid($0.doubleMid) }),
            ])
        chart.times = points.map(\.time)
        chart.isTall = true
        chart.marks = fills.map {
            Chart.Mark(side: $0.side, time: $0.time, value: ValueAxis.clamped(unit.decimal($0.price).raw))
        }
        return chart
    }

    // MARK: - Parts

    private func chart(
        _ id: String, _ title: String, _ unit: String, _ explanation: String, _ series: [Chart.Series],
        includesZero: Bool = false
    ) -> Chart {
        Chart(
            id: id, title: title, unit: unit, explanation: explanation, includesZero: includesZero,
            times: points.map(\.time), series: series)
    }

    private func mid(_ doubleMid: Int64) -> FixedDecimal {
        FixedDecimal(raw: unit.price.raw &* Int128(doubleMid) / 2)
    }

    private func hold(_ doubleMid: Int64) -> FixedDecimal {
        let base = (try? startBase.multiplied(by: mid(doubleMid), rounding: .halfEven)) ?? .zero
        return FixedDecimal(raw: base.raw &+ startQuote.raw)
    }

    private func amount(_ value: FixedDecimal) -> String {
        let digits = value.description.split(separator: ".").dropFirst().first?.count ?? 0
        return NumberStyle.grouped(value, fractionDigits: digits)
    }
}
