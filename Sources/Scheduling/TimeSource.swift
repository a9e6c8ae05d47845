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
    private let startedAt = ContinuousClock.now
    private let startedAtWall: Timestamp

    public init() { startedAtWall = Self.wall() }

    private static func wall() -> Timestamp {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return Timestamp(nanoseconds: Int64(wall.tv_sec) * Nanoseconds.perSecond + Int64(wall.tv_nsec))
    }

    /// How far the wall's clock has come to be ahead of this one, nanoseconds: set forward above 0, set back below.
    public func wallIsAhead() -> Int64 { Self.wall().nanoseconds(since: now()) }

    public func now() -> Timestamp {
        let (seconds, attoseconds) = (ContinuousClock.now - startedAt).components
        return startedAtWall.advanced(byNanoseconds: seconds * Nanoseconds.perSecond + attoseconds / 1_000_000_000)
    }

    public func sleep(until deadline: Timestamp) async throws {
        let wait = deadline.nanoseconds(since: startedAtWall)
        try await Task.sleep(until: startedAt + .nanoseconds(wait), clock: .continuous)
    }
}
