import Synchronization
public import TradingCore

/// Every schedule in the process, for the health API: what runs when, and how late it was.
public final class ScheduleRegistry: Sendable {
    private let state = Mutex<[Int: Schedule]>([:])
    private let nextID = Atomic(0)

    public init() {}

    /// A new schedule. It is listed until ``Schedule/end()``.
    public func schedule(_ name: String) -> Schedule {
        let id = nextID.add(1, ordering: .relaxed).newValue
        let schedule = Schedule(name) { [weak self] in self?.state.withLock { $0[id] = nil } }
        state.withLock { $0[id] = schedule }
        return schedule
    }

    /// All schedules as they stand, by name.
    public var reports: [ScheduleReport] {
        state.withLock { Array($0.values) }.map(\.report).sorted { $0.name < $1.name }
    }
}

/// One recurring or repeated piece of work.
public final class Schedule: Sendable {
    private let state: Mutex<ScheduleReport>
    private let onEnd: @Sendable () -> Void

    init(_ name: String, onEnd: @escaping @Sendable () -> Void) {
        state = Mutex(ScheduleReport(name: name))
        self.onEnd = onEnd
    }

    public var report: ScheduleReport { state.withLock { $0 } }

    /// When it runs next; nil when it waits for something other than time.
    public func isDue(at moment: Timestamp?) { state.withLock { $0.nextRun = moment } }

    public func began(at now: Timestamp, dueAt: Timestamp) {
        state.withLock {
            $0.lastRun = now
            $0.latenessNanoseconds = max(0, now.nanoseconds(since: dueAt))
            $0.maximumLatenessNanoseconds = max($0.maximumLatenessNanoseconds, $0.latenessNanoseconds)
            $0.runCount += 1
        }
    }

    /// - Parameter failure: what went wrong, if anything.
    public func ended(at now: Timestamp, failure: String?) {
        state.withLock {
            $0.durationNanoseconds = now.nanoseconds(since: $0.lastRun ?? now)
            if let failure {
                $0.failureCount += 1
                $0.lastFailure = failure
            }
        }
    }

    /// Takes it off the registry.
    public func end() { onEnd() }
}

/// How a schedule fares.
public struct ScheduleReport: Hashable, Sendable {
    public var name: String
    public var lastRun: Timestamp?
    public var nextRun: Timestamp?
    /// Of the last run.
    public var durationNanoseconds: Int64 = 0
    /// How long after its time the last run began, and the worst one.
    public var latenessNanoseconds: Int64 = 0
    public var maximumLatenessNanoseconds: Int64 = 0
    public var runCount = 0
    public var failureCount = 0
    public var lastFailure: String?
}
