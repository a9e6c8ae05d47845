import TradingCore

/// The page around the pictures.
struct ReportPage {
    let title: String
    let facts: [(label: String, value: String)]
    let parameters: [(String, String)]

    /// Parameters beyond this many stand in two columns where there is room.
    private static let longTable = 8

    /// - Parameter axis: the time of all pictures that have none of their own; nil when nothing was sampled.
    func html(pictures: [ReportCharts.Picture], axis: TimeAxis?) -> String {
        var html = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(ReportText.escaped(title))</title>
            <style>
            \(ReportStyle.sheet)
            :root { --gutter: \(gutter(pictures)) }
            </style>
            </head>
            <body>
            \(ReportPage.symbols)
            <main>
            <header>
            <p class="kind">Mr.Market · Backtest report</p>
            <h1>\(ReportText.escaped(title))</h1>
            <p class="period">\(period(axis))</p>
            </header>

            """
        html += factRow + "<div class=\"pictures\">\n"
        for picture in pictures { html += picture.chart.html(picture.axis ?? axis) }
        html += "</div>\n" + parameterTable
        html += """
            <footer>All times are UTC. Pictures show samples and fills of the session, thinned evenly when there are many; \
            the headline numbers count every fill. Point at a picture to read its amounts.</footer>
            </main>
            </body>
            </html>

            """
        return html
    }

    /// The two marks for fills, drawn once and used by every picture.
    private static let symbols = """
        <svg class="symbols" aria-hidden="true"><defs><path id="buy" class="mark buy" d="M0 -5L4.5 3.5H-4.5Z"/>\
        <path id="sell" class="mark sell" d="M0 5L4.5 -3.5H-4.5Z"/></defs></svg>
        """

    /// Characters that the longest label beside a vertical axis takes, so that all pictures share one left edge.
    private func gutter(_ pictures: [ReportCharts.Picture]) -> Int {
        let widths = pictures.compactMap { $0.chart.valueAxis }.flatMap { axis in
            axis.ticks.map { axis.style.text(FixedDecimal(raw: $0)).count }
        }
        return max(7, widths.max() ?? 0)
    }

    private func period(_ axis: TimeAxis?) -> String {
        guard let axis else { return "No samples" }
        let (first, last) = (CalendarTime(nanoseconds: axis.first), CalendarTime(nanoseconds: axis.last))
        let end = first.dateText == last.dateText ? last.secondText : last.fullText
        return "\(first.fullText) – \(end) UTC · \(ReportText.duration(nanoseconds: axis.last - axis.first))"
    }

    private var factRow: String {
        guard !facts.isEmpty else { return "" }
        let items = facts.map { fact in
            "<div><dt>\(ReportText.escaped(fact.label))</dt><dd>\(ReportText.escaped(fact.value))</dd></div>\n"
        }
        return "<dl class=\"facts\">\n\(items.joined(separator: ""))</dl>\n"
    }

    private var parameterTable: String {
        guard !parameters.isEmpty else { return "" }
        let isLong = parameters.count > ReportPage.longTable
        let half = isLong ? (parameters.count + 1) / 2 : parameters.count
        var html = "<section class=\"parameters\">\n<h2>Parameters</h2>\n<div class=\"tables\">\n"
        for part in [parameters[..<half], parameters[half...]] where !part.isEmpty {
            html += "<table><tbody>\n"
            for (name, value) in part {
                html += "<tr><th scope=\"row\">\(ReportText.escaped(name))</th>"
                html += "<td>\(ReportText.escaped(value))</td></tr>\n"
            }
            html += "</tbody></table>\n"
        }
        return html + "</div>\n</section>\n"
    }
}
