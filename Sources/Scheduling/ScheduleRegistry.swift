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
        // lint: ordered because they are sorted by their names behind it, and those of one name by number before
        state.withLock { Array($0.values) }.map(\.report).sorted { $0.name < $1.name }
    }
}

/// One recurring or repeated piece of work.
public final class Schedule: Sendable {
    private struct State {
        var report: ScheduleReport
        /// It rang, and the work that follows has not been told of.
        var isWorkAwaited = false
    }

    private let state: Mutex<State>
    private let onEnd: @Sendable () -> Void

    init(_ name: String, onEnd: @escaping @Sendable () -> Void) {
        state = Mutex(State(report: ScheduleReport(name: name)))
        self.onEnd = onEnd
    }

    public var report: ScheduleReport { state.withLock { $0.report } }

    /// When it runs next; nil when it waits for something other than time.
    public func isDue(at moment: Timestamp?) { state.withLock { $0.report.nextRun = moment } }

    public func began(at now: Timestamp, dueAt: Timestamp) {
        state.withLock {
            $0.report.began(at: now)
            $0.report.latenessNanoseconds = max(0, now.nanoseconds(since: dueAt))
            $0.report.maximumLatenessNanoseconds = max(
                $0.report.maximumLatenessNanoseconds, $0.report.latenessNanoseconds)
            $0.isWorkAwaited = true
        }
    }

    /// - Parameter failure: what went wrong, if anything.
    public func ended(at now: Timestamp, failure: String?) {
        state.withLock { $0.report.ended(now.nanoseconds(since: $0.report.lastRun ?? now), failure) }
    }

    /// Work was done that ``began(at:dueAt:)`` set off, or that something other than time did: then it counts as a run of its own.
    public func worked(from start: Timestamp, to end: Timestamp, failure: String?) {
        state.withLock {
            if !$0.isWorkAwaited { $0.report.began(at: start) }
            $0.isWorkAwaited = false
            $0.report.ended(end.nanoseconds(since: start), failure)
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

    fileprivate mutating func began(at now: Timestamp) {
        lastRun = now
        runCount += 1
    }

    fileprivate mutating func ended(_ duration: Int64, _ failure: String?) {
        durationNanoseconds = duration
        guard let failure else { return }
        failureCount += 1
        lastFailure = failure
    }
}
