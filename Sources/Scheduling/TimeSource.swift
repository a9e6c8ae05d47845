public import TradingCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where code gets the time from, and waits for it. The system's in production, a manual one in tests.
public protocol TimeSource: Sendable {
    func now() -> Timestamp
    /// Returns at `deadline`, or at once when it has passed.
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(until deadline: Timestamp) async throws
}

/// The system's clock: read once from the wall, then carried on by the monotonic clock, so that it never steps back.
public struct SystemTime: TimeSource {
    /// The wall's clock less the monotonic one at the start, nanoseconds.
    private let offset: Int64

    public init() { offset = Self.read(CLOCK_REALTIME) - Self.monotonic() }

    /// What `ContinuousClock` reads, without its arithmetic in attoseconds: the time is asked for several times in a decision.
    private static func monotonic() -> Int64 { read(CLOCK_BOOTTIME) }

    /// Nanoseconds.
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * Nanoseconds.perSecond + Int64(time.tv_nsec)
    }

    /// How far the wall's clock has come to be ahead of this one, nanoseconds: set forward above 0, set back below.
    public func wallIsAhead() -> Int64 { Self.read(CLOCK_REALTIME) - now().nanoseconds }

    public func now() -> Timestamp { Timestamp(nanoseconds: Self.monotonic() + offset) }

    public func sleep(until deadline: Timestamp) async throws {
        let wait = deadline.nanoseconds(since: now())
        try await Task.sleep(until: .now + .nanoseconds(wait), clock: .continuous)
    }
}
