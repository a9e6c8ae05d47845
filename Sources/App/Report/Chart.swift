import TradingCore

/// One picture of the report: what it shows and how it is drawn.
///
/// The picture fills whatever width it is given: curves are stretched, while labels, marks and strokes keep their size.
/// That makes the same page readable on a desk, on a phone and on paper without a script.
struct Chart {
    /// A course of amounts, one for each of the chart's times; nil where there was none.
    struct Series {
        enum Shape { case line, step, area, stepArea }

        var name: String
        /// The colour's class in the style sheet, also others such as `dashed`.
        var style: String
        var shape: Shape
        var values: [Int128?]

        init(_ name: String, _ style: String, _ shape: Shape, _ values: [FixedDecimal?]) {
            self.name = name
            self.style = style
            self.shape = shape
            self.values = values.map { $0.map { ValueAxis.clamped($0.raw) } }
        }
    }

    /// Something that happened at one moment and one price.
    struct Mark {
        var side: Side
        var time: Timestamp
        var value: Int128
    }

    var id: String
    var title: String
    /// What the amounts are counted in.
    var unit: String
    /// Said below the picture: what it shows.
    var explanation: String
    var isTall = false
    var includesZero = false
    var times: [Timestamp] = []
    var series: [Series] = []
    var marks: [Mark] = []

    /// More marks than this are drawn as dots without texts of their own.
    static let mostTriangles = 600
    /// Places to point at for the amounts there.
    static let mostReadouts = 120

    var valueAxis: ValueAxis? {
        ValueAxis(
            series.flatMap { $0.values.compactMap(\.self) } + marks.map(\.value), includesZero: includesZero,
            mostTicks: isTall ? 10 : 7)
    }
}

// MARK: - Markup

extension Chart {
    /// - Parameter time: its axis; nil where nothing is known.
    func html(_ time: TimeAxis?) -> String {
        var html = "<figure id=\"\(id)\">\n<h2>\(ReportText.escaped(title)) "
        html += "<span class=\"unit\">\(ReportText.escaped(unit))</span></h2>\n"
        if let time, let axis = valueAxis {
            html += legend(axis)
            html += "<div class=\"plot\"><svg class=\"picture\(isTall ? " tall" : "")\" role=\"img\" "
            html += "aria-label=\"\(ReportText.escaped(title))\">\n"
            html += grid(time, axis) + curves(time, axis) + readouts(time, axis) + triangles(time, axis)
            html += "</svg></div>\n"
        } else {
            html += "<p class=\"empty\">Nothing to draw: no samples were taken.</p>\n"
        }
        return html + "<figcaption>\(ReportText.escaped(explanation))</figcaption>\n</figure>\n"
    }

    private func legend(_ axis: ValueAxis) -> String {
        var html = "<ul class=\"legend\">"
        for series in series {
            html += "<li><svg class=\"key\"><path class=\"line \(series.style)\" d=\"M1 5H17\"/></svg>"
            html += ReportText.escaped(series.name)
            if let last = series.values.last ?? nil { html += " <b>\(readout(last, axis))</b>" }
            html += "</li>"
        }
        for (side, name) in [(Side.buy, "Buys"), (.sell, "Sells")] where marks.contains(where: { $0.side == side }) {
            html += "<li><svg class=\"key\"><use href=\"#\(Chart.shape(side))\" x=\"9\" y=\"5\"/></svg>\(name)</li>"
        }
        return html + "</ul>\n"
    }

    private func grid(_ time: TimeAxis, _ axis: ValueAxis) -> String {
        var html = "<g class=\"grid\">"
        // Where there is no room, every other label goes, but those of days stay.
        let kept = time.ticks.firstIndex(where: \.isDay) ?? 0
        for (index, tick) in time.ticks.enumerated() {
            let x = ReportText.percent(time.scale.fraction(tick.time))
            let classes = ["time", tick.isDay ? "day" : "", (index - kept) % 2 != 0 ? "odd" : ""].filter { !$0.isEmpty }
            html += "<g class=\"\(classes.joined(separator: " "))\"><line x1=\"\(x)\" x2=\"\(x)\" y2=\"100%\"/>"
            html += "<text x=\"\(x)\" y=\"100%\" dy=\"18\">\(tick.text)</text></g>"
        }
        for tick in axis.ticks {
            let y = ReportText.percent(1 - axis.scale.fraction(tick))
            let isZero = tick == 0 && includesZero
            html += "<line\(isZero ? " class=\"zero\"" : "") x2=\"100%\" y1=\"\(y)\" y2=\"\(y)\"/>"
            html += "<text x=\"-8\" y=\"\(y)\" dy=\"4\">\(axis.style.text(FixedDecimal(raw: tick)))</text>"
        }
        return html + "<line class=\"base\" x2=\"100%\" y1=\"100%\" y2=\"100%\"/>"
            + "<text class=\"zone\" y=\"100%\" dy=\"18\">UTC</text></g>\n"
    }

    /// Everything that may be stretched.
    private func curves(_ time: TimeAxis, _ axis: ValueAxis) -> String {
        let size = ChartPen.size
        var html = "<svg class=\"curves\" viewBox=\"0 0 \(size) \(size)\" preserveAspectRatio=\"none\">"
        let places = times.map { ChartPen.x($0, time.scale) }
        for series in series {
            let heights = series.values.map { value in value.map { ChartPen.y($0, axis.scale) } }
            let pen = ChartPen(places: places, heights: heights)
            let isStepped = series.shape == .step || series.shape == .stepArea
            if series.shape == .area || series.shape == .stepArea {
                let area = pen.path(isStepped: isStepped, closedAt: ChartPen.y(0, axis.scale))
                html += "<path class=\"area \(series.style)\" d=\"\(area)\"/>"
            }
            let lone = times.count == 1 ? " lone" : ""
            html += "<path class=\"line \(series.style)\(lone)\" d=\"\(pen.path(isStepped: isStepped))\"/>\n"
        }
        guard marks.count > Chart.mostTriangles else { return html + "</svg>\n" }
        for side in [Side.buy, .sell] {
            let dots = marks.filter { $0.side == side }.map { mark in
                "M\(ChartPen.x(mark.time, time.scale)) \(ChartPen.y(mark.value, axis.scale))h1"
            }
            html += "<path class=\"dots \(Chart.shape(side))\" d=\"\(dots.joined(separator: ""))\"/>\n"
        }
        return html + "</svg>\n"
    }

    private func triangles(_ time: TimeAxis, _ axis: ValueAxis) -> String {
        guard marks.count <= Chart.mostTriangles else { return "" }
        return marks.map { mark in
            let x = ReportText.percent(time.scale.fraction(Int128(mark.time.nanoseconds)))
            let y = ReportText.percent(1 - axis.scale.fraction(mark.value))
            let when = CalendarTime(nanoseconds: Int128(mark.time.nanoseconds)).fullText
            return "<use href=\"#\(Chart.shape(mark.side))\" x=\"\(x)\" y=\"\(y)\"><title>"
                + "\(mark.side == .buy ? "Bought" : "Sold") at \(readout(mark.value, axis)), \(when)</title></use>\n"
        }.joined(separator: "")
    }

    /// Upright bands that show the amounts at their time while they are pointed at.
    private func readouts(_ time: TimeAxis, _ axis: ValueAxis) -> String {
        let step = max(1, (times.count + Chart.mostReadouts - 1) / Chart.mostReadouts)
        let indices = Array(stride(from: 0, to: times.count, by: step))
        let places = indices.map { time.scale.fraction(Int128(times[$0].nanoseconds)) }
        var html = ""
        for (number, index) in indices.enumerated() {
            let left = number == 0 ? 0 : (places[number - 1] + places[number]) / 2
            let right = number == indices.count - 1 ? 1 : (places[number] + places[number + 1]) / 2
            let x = ReportText.percent(places[number])
            let amounts = series.compactMap { series in
                series.values[index].map { "\(ReportText.escaped(series.name)) \(readout($0, axis))" }
            }
            let when = CalendarTime(nanoseconds: Int128(times[index].nanoseconds)).fullText
            let width = ReportText.percent(right - left)
            html += "<g class=\"readout\"><rect x=\"\(ReportText.percent(left))\" width=\"\(width)\" "
            html += "height=\"100%\"/><line x1=\"\(x)\" x2=\"\(x)\" y2=\"100%\"/>"
            html += "<text x=\"100%\" y=\"12\">\(when)</text>"
            html += "<text x=\"100%\" y=\"27\">\(amounts.joined(separator: " · "))</text></g>\n"
        }
        return html
    }

    private func readout(_ value: Int128, _ axis: ValueAxis) -> String {
        axis.style.text(FixedDecimal(raw: value), extraDigits: 2)
    }

    /// The class and the symbol of a side.
    static func shape(_ side: Side) -> String { side == .buy ? "buy" : "sell" }
}
