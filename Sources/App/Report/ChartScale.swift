import TradingCore

/// A range of numbers on an axis and where its labels stand. Exact; only the place on the picture is a `Double`.
struct ChartScale {
    let low: Int128
    let high: Int128

    /// From 0 at `low` to 1 at `high`.
    func fraction(_ value: Int128) -> Double {
        Double(min(max(value, low), high) - low) / Double(high - low)
    }

    /// Multiples of `step` within the range.
    func multiples(of step: Int128) -> [Int128] {
        var multiple = low / step * step
        if multiple < low { multiple += step }
        var multiples: [Int128] = []
        while multiple <= high {
            multiples.append(multiple)
            multiple += step
        }
        return multiples
    }
}

/// The vertical axis: amounts, counted in 10⁻¹⁸ as ``FixedDecimal`` does.
struct ValueAxis {
    let scale: ChartScale
    let style: NumberStyle
    let ticks: [Int128]

    /// Values beyond are drawn at the edge, so that no difference of two overflows.
    static let limit = Int128(1) << 125

    /// - Returns: nil where there is nothing to show.
    init?(_ values: some Sequence<Int128>, includesZero: Bool, mostTicks: Int128) {
        var (lowest, highest) = includesZero ? (Int128(0), Int128(0)) : (Int128.max, Int128.min)
        var isEmpty = true
        for value in values {
            let value = ValueAxis.clamped(value)
            lowest = min(lowest, value)
            highest = max(highest, value)
            isEmpty = false
        }
        guard !isEmpty else { return nil }
        // A line that never moves gets some room too, so that it lies in the middle and not on an edge.
        var margin = (highest - lowest) / 16
        if highest == lowest { margin = highest == 0 ? FixedDecimal.one128 : max(abs(highest) / 200, 1) }
        margin = max(margin, 1)
        scale = ChartScale(
            low: includesZero && lowest == 0 && highest != 0 ? 0 : lowest - margin,
            high: includesZero && highest == 0 && lowest != 0 ? 0 : highest + margin)
        let step = ValueAxis.niceStep(atLeast: (scale.high - scale.low) / mostTicks + 1)
        ticks = scale.multiples(of: step)
        style = NumberStyle(
            step: FixedDecimal(raw: step), largest: FixedDecimal(raw: max(abs(scale.low), abs(scale.high))))
    }

    static func clamped(_ value: Int128) -> Int128 { min(max(value, -limit), limit) }

    /// The least of 1, 2, 5, 10, 20, 50… that is not below `minimum`.
    static func niceStep(atLeast minimum: Int128) -> Int128 {
        var power: Int128 = 1
        while true {
            for factor in [1, 2, 5] as [Int128] where power * factor >= minimum { return power * factor }
            power *= 10
        }
    }
}

/// The horizontal axis: time in nanoseconds, labelled in UTC.
struct TimeAxis {
    struct Tick {
        let time: Int128
        let text: String
        /// Starts a day, which its label names, among labels that name hours.
        let isDay: Bool
    }

    /// The first and last moment shown; the scale may reach a little further.
    let first: Int128
    let last: Int128
    let scale: ChartScale
    let ticks: [Tick]

    private static let mostTicks: Int128 = 9
    /// So that whole seconds are enough for labels.
    private static let shortest = Int128(Nanoseconds.seconds(10))

    /// - Returns: nil where there is nothing to show.
    init?(_ times: some Sequence<Timestamp>) {
        var (first, last) = (Int128.max, Int128.min)
        for time in times {
            first = min(first, Int128(time.nanoseconds))
            last = max(last, Int128(time.nanoseconds))
        }
        guard first <= last else { return nil }
        (self.first, self.last) = (first, last)
        let margin = last - first < TimeAxis.shortest ? TimeAxis.shortest / 2 : 0
        scale = ChartScale(low: first - margin, high: last + margin)
        let step = TimeAxis.niceStep(atLeast: (scale.high - scale.low) / TimeAxis.mostTicks + 1)
        let spansYears = CalendarTime(nanoseconds: first).year != CalendarTime(nanoseconds: last).year
        ticks = scale.multiples(of: step).map { TimeAxis.tick($0, step: step, spansYears: spansYears) }
    }

    private static func tick(_ time: Int128, step: Int128, spansYears: Bool) -> Tick {
        let calendar = CalendarTime(nanoseconds: time)
        if calendar.secondOfDay == 0 {
            let isDay = step < Int128(Nanoseconds.perDay)
            return Tick(time: time, text: spansYears ? calendar.dateText : calendar.dayText, isDay: isDay)
        }
        let text = step < Int128(Nanoseconds.seconds(60)) ? calendar.secondText : calendar.minuteText
        return Tick(time: time, text: text, isDay: false)
    }

    /// The least usual length of time that is not below `minimum`.
    static func niceStep(atLeast minimum: Int128) -> Int128 {
        let second = Int128(Nanoseconds.perSecond)
        let seconds: [Int128] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
        ]
        for count in seconds where count * second >= minimum { return count * second }
        let day = Int128(Nanoseconds.perDay)
        return day * ValueAxis.niceStep(atLeast: (minimum + day - 1) / day)
    }
}
