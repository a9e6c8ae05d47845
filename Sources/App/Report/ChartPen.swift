import TradingCore

/// Draws one course as the path of an SVG, in a square of whole numbers that is stretched over the picture.
///
/// All but the first place of a run is relative to the one before, which makes the page half as long.
struct ChartPen {
    static let size = 10_000

    let places: [Int]
    /// From the top; nil where there is nothing to draw.
    let heights: [Int?]

    static func x(_ time: Timestamp, _ scale: ChartScale) -> Int {
        Int((scale.fraction(Int128(time.nanoseconds)) * Double(size)).rounded())
    }

    static func y(_ value: Int128, _ scale: ChartScale) -> Int {
        size - Int((scale.fraction(value) * Double(size)).rounded())
    }

    /// - Parameters:
    ///   - isStepped: whether a height holds until the next one, instead of leading to it.
    ///   - base: where an area ends below; nil for the line alone.
    func path(isStepped: Bool, closedAt base: Int? = nil) -> String {
        var path = ""
        var run: (start: Int, x: Int, y: Int)?
        for (x, height) in zip(places, heights) {
            guard let y = height else {
                if let run {
                    if isStepped { path += "H\(x)" }
                    path += ChartPen.end(run.start, base)
                }
                run = nil
                continue
            }
            if let last = run {
                let (right, down) = (x - last.x, y - last.y)
                path += isStepped ? ChartPen.step(right, down) : "l\(right)\(down < 0 ? "" : " ")\(down)"
                run = (last.start, x, y)
            } else {
                // A course of one sample is seen as a dot: a line of no length to speak of.
                path += "M\(x) \(y)h1h-1"
                run = (x, x, y)
            }
        }
        if let run { path += ChartPen.end(run.start, base) }
        return path
    }

    private static func step(_ right: Int, _ down: Int) -> String {
        down == 0 ? "h\(right)" : "h\(right)v\(down)"
    }

    private static func end(_ start: Int, _ base: Int?) -> String {
        base.map { "V\($0)H\(start)Z" } ?? ""
    }
}
