#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
public import TradingCore

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

    public init() {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        startedAtWall = Timestamp(nanoseconds: Int64(wall.tv_sec) * Nanoseconds.perSecond + Int64(wall.tv_nsec))
    }

    public func now() -> Timestamp {
        let (seconds, attoseconds) = (ContinuousClock.now - startedAt).components
        return startedAtWall.advanced(byNanoseconds: seconds * Nanoseconds.perSecond + attoseconds / 1_000_000_000)
    }

    public func sleep(until deadline: Timestamp) async throws {
        let wait = deadline.nanoseconds(since: startedAtWall)
        try await Task.sleep(until: startedAt + .nanoseconds(wait), clock: .continuous)
    }
}
