/// How far an exchange's clock is from ours, and how surely. Fed with the answers to "what time is it there".
///
/// The exchange read its clock at some moment between our sending and its answer, so its time less ours lies within half the
/// round trip around the middle. The best of the last answers counts; with age all of them lose certainty.
public struct ClockOffset: Sendable {
    /// One answer. All times in milliseconds since 1970, the exchange's by its clock, the others by ours.
    public struct Reading: Hashable, Sendable {
        public var sentAt: Int64
        public var answeredAt: Int64
        public var exchangeTime: Int64

        public init(sentAt: Int64, answeredAt: Int64, exchangeTime: Int64) {
            self.sentAt = sentAt
            self.answeredAt = answeredAt
            self.exchangeTime = exchangeTime
        }
    }

    private struct Bounds {
        var least: Int64
        var most: Int64
        var at: Int64

        var width: Int64 { most - least }
    }

    private var readings: [Bounds] = []
    /// The steps in which the exchange tells its time: 1 where it tells milliseconds, 1000 for seconds.
    private let resolution: Int64

    static let kept = 8
    /// An answer that took longer says too little.
    static let longestRoundTrip: Int64 = 10_000
    /// How far two clocks drift apart, at most: 100 parts per million on each side.
    static let driftPerMillion: Int64 = 100
    /// 1970 to the year 2262: what milliseconds of a `Timestamp` hold.
    private static let times: ClosedRange<Int64> = 0...9_223_372_036_854

    public init(resolution: Int64 = 1) {
        self.resolution = min(max(1, resolution), 60_000)
    }

    /// Whether anything is known.
    public var isKnown: Bool { !readings.isEmpty }

    /// - Returns: whether the answer was of use; one from a clock that ran backwards, or that took too long, is not.
    @discardableResult
    public mutating func heard(_ reading: Reading) -> Bool {
        guard [reading.sentAt, reading.answeredAt, reading.exchangeTime].allSatisfy(Self.times.contains),
            reading.answeredAt >= reading.sentAt, reading.answeredAt - reading.sentAt <= Self.longestRoundTrip
        else { return false }
        // Both clocks are told in steps, rounded down: the true times are up to a step later.
        let new = Bounds(
            least: reading.exchangeTime - reading.answeredAt - 1,
            most: reading.exchangeTime + resolution - reading.sentAt, at: reading.answeredAt)
        // An answer that contradicts the others means that one of the clocks was set.
        readings = readings.filter { old in
            let old = aged(old, new.at)
            return old.least <= new.most && old.most >= new.least
        }
        if readings.count >= Self.kept { readings.removeFirst() }
        readings.append(new)
        return true
    }

    /// Exchange time less ours; nil while nothing is known.
    public func offset(at now: Int64) -> Int64? { best(now).map { $0.least + $0.width / 2 } }

    /// How far ``offset(at:)`` may be wrong, to either side, in milliseconds.
    public func uncertainty(at now: Int64) -> Int64? { best(now).map { ($0.width + 1) / 2 } }

    /// The exchange's time, as well as we know it; ours while nothing is known.
    public func exchangeTime(at now: Int64) -> Int64 { now &+ (offset(at: now) ?? 0) }

    /// A time that the exchange's clock has surely reached; nil while nothing is known.
    public func surelyPassed(at now: Int64) -> Int64? { best(now).map { now &+ $0.least } }

    private func best(_ now: Int64) -> Bounds? {
        var best: Bounds?
        // For every word of a stream: nothing is allocated.
        for reading in readings {
            let bounds = aged(reading, now)
            if bounds.width < best?.width ?? .max { best = bounds }
        }
        return best
    }

    private func aged(_ bounds: Bounds, _ now: Int64) -> Bounds {
        let age = min(max(0, now &- bounds.at), 86_400_000)
        let drift = age * Self.driftPerMillion / 1_000_000
        return Bounds(least: bounds.least - drift, most: bounds.most + drift, at: bounds.at)
    }
}
