public import TradingCore

/// When something recurs.
public struct JobCadence: Sendable, CustomStringConvertible {
    /// Stored beside the schedule; one that differs is a new cadence, whose ticks are counted from when it is first seen.
    public let description: String
    private let nextTick: @Sendable (Timestamp) -> Timestamp?

    /// - Parameter next: the first tick strictly after a moment; nil when there is none any more. Always the same for the
    ///   same moment.
    public init(_ description: String, next: @escaping @Sendable (_ after: Timestamp) -> Timestamp?) {
        self.description = description
        nextTick = next
    }

    /// Every so often, at whole multiples of the interval since 1970: the same moments on every node and after every restart.
    /// - Parameter interval: at least a millisecond.
    public static func every(_ interval: Duration) -> JobCadence {
        let step = max(Nanoseconds.perMillisecond, interval.nanoseconds)
        return JobCadence("every \(step / Nanoseconds.perMillisecond) ms") { moment in
            let whole = moment.nanoseconds / step - (moment.nanoseconds % step < 0 ? 1 : 0)
            return Timestamp(nanoseconds: whole * step).advanced(byNanoseconds: step)
        }
    }

    public func next(after moment: Timestamp) -> Timestamp? {
        guard let next = nextTick(moment) else { return nil }
        precondition(next > moment, "cadence \(description) stands still")
        return next
    }

    /// The last ticks in `(start, end]`, in order. Looks back from the end in growing steps, so that a long silence costs little.
    func latest(_ count: Int, after start: Timestamp, through end: Timestamp) -> [Timestamp] {
        if count < 1 { return [] }
        var reach = Nanoseconds.perSecond
        while true {
            let from = max(start, end.advanced(byNanoseconds: -reach))
            let ticks = ticks(after: from, through: end)
            if ticks.count >= count || from == start { return Array(ticks.suffix(count)) }
            reach = reach.multipliedReportingOverflow(by: 4).overflow ? .max : reach * 4
        }
    }

    private func ticks(after start: Timestamp, through end: Timestamp) -> [Timestamp] {
        var ticks: [Timestamp] = []
        var tick = next(after: start)
        while let due = tick, due <= end {
            ticks.append(due)
            tick = next(after: due)
        }
        return ticks
    }
}
