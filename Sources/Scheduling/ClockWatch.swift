import TradingCore

/// Notices that somebody has set the machine's clock while the process runs. ``SystemTime`` goes on by what it read at the start, for no
/// time of ours may step back: what is stored is dated by that, and differs from the machine's clock from then on.
public struct ClockWatch: Sendable {
    /// What differs less is left to the daemon that keeps the machine's clock.
    static let tolerated = 2 * Nanoseconds.perSecond
    private static let interval = 10 * Nanoseconds.perSecond

    private let time: any TimeSource
    private let schedule: Schedule
    private let difference: @Sendable () -> Int64
    private let tell: @Sendable (String) -> Void

    /// - Parameters:
    ///   - difference: how far the machine's clock is ahead of `time`, nanoseconds.
    ///   - tell: for the log, once for each time that it was set.
    public init(
        time: any TimeSource, registry: ScheduleRegistry, difference: @escaping @Sendable () -> Int64,
        tell: @escaping @Sendable (String) -> Void
    ) {
        self.time = time
        schedule = registry.schedule("clock")
        self.difference = difference
        self.tell = tell
    }

    /// Until the task is cancelled. While the clocks differ each look counts as failed, with the reason, in `/health/schedules`.
    public func run() async {
        defer { schedule.end() }
        var told: Int64 = 0
        while !Task.isCancelled {
            let found = difference()
            let fault = Self.fault(found)
            if abs(found - told) >= Self.tolerated {
                tell(fault ?? "the machine's clock agrees with the server's again")
                told = found
            }
            let next = time.now().advanced(byNanoseconds: Self.interval)
            guard (try? await schedule.wait(until: next, on: time, failure: fault)) != nil else { return }
        }
    }

    static func fault(_ difference: Int64) -> String? {
        guard abs(difference) >= tolerated else { return nil }
        let seconds = abs(difference) / Nanoseconds.perSecond
        return """
            the machine's clock was set \(difference > 0 ? "forward" : "back") by \(seconds) s since the server started, which goes on by the \
            time it started with: start it again to take the new time over
            """
    }
}
