import Synchronization
import TradingCore

/// When the other side of a connection last answered.
final class LastHeard: Sendable {
    private let nanoseconds: Atomic<Int64>

    init(_ time: Timestamp) { nanoseconds = Atomic(time.nanoseconds) }

    var time: Timestamp { Timestamp(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    func set(_ time: Timestamp) { nanoseconds.store(time.nanoseconds, ordering: .relaxed) }
}
