import Scheduling
import TradingCore

/// A clock that runs so many times faster than the real one, for waits that would take minutes.
struct ScaledTime: TimeSource {
    let factor: Int64
    private let real = SystemTime()
    private let start: Timestamp

    init(factor: Int64) {
        self.factor = factor
        start = real.now()
    }

    func now() -> Timestamp { start.advanced(byNanoseconds: real.now().nanoseconds(since: start) * factor) }

    func sleep(until deadline: Timestamp) async throws {
        let wait = max(0, deadline.nanoseconds(since: start)) / factor
        try await real.sleep(until: start.advanced(byNanoseconds: wait))
    }

    var milliseconds: Int64 { now().nanoseconds / 1_000_000 }
}
