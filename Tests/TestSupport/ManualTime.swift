public import Scheduling
import Synchronization
public import TradingCore

/// A clock that a test moves, or that jumps to wherever code sleeps to.
public final class ManualTime: TimeSource {
    private let nanoseconds: Atomic<Int64>

    public init(_ start: Timestamp = Timestamp(nanoseconds: 0)) {
        nanoseconds = Atomic(start.nanoseconds)
    }

    public func now() -> Timestamp { Timestamp(nanoseconds: nanoseconds.load(ordering: .sequentiallyConsistent)) }

    public func sleep(until deadline: Timestamp) async throws {
        nanoseconds.max(deadline.nanoseconds, ordering: .sequentiallyConsistent)
        try Task.checkCancellation()
    }

    public func advance(byNanoseconds step: Int64) {
        nanoseconds.add(step, ordering: .sequentiallyConsistent)
    }
}
