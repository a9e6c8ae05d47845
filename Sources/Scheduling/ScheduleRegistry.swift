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
///
/// Who waits for himself says ``wait(until:on:failure:)`` in a loop, and nothing else; whose work others set off tells of it by
/// ``began(at:dueAt:)`` and ``ended(at:failure:)``, or afterwards by ``worked(from:to:failure:)``.
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

    /// It was due before this process began, and another one ran it.
    public func ranBefore(at moment: Timestamp) {
        state.withLock { if $0.report.lastRun ?? .distantPast < moment { $0.report.lastRun = moment } }
    }

    /// The time has come; whoever does the work tells when he does it.
    func rang(at now: Timestamp, dueAt: Timestamp) {
        state.withLock {
            $0.report.began(at: now, dueAt: dueAt)
            $0.isWorkAwaited = true
        }
    }

    public func began(at now: Timestamp, dueAt: Timestamp) {
        state.withLock {
            $0.report.began(at: now, dueAt: dueAt)
            $0.report.runningSince = now
        }
    }

    /// - Parameter failure: what went wrong, if anything.
    public func ended(at now: Timestamp, failure: String?) {
        state.withLock { $0.report.ended(now.nanoseconds(since: $0.report.lastRun ?? now), failure) }
    }

    /// Work that will be told of by ``worked(from:to:failure:)`` is being done: should it hang, this shows it.
    public func works(since start: Timestamp) { state.withLock { $0.report.runningSince = start } }

    /// Work was done that ``AlarmClock`` set off, or that something other than time did: then it counts as a run of its own.
    public func worked(from start: Timestamp, to end: Timestamp, failure: String?) {
        state.withLock {
            if !$0.isWorkAwaited { $0.report.began(at: start) }
            $0.isWorkAwaited = false
            $0.report.ended(end.nanoseconds(since: start), failure)
        }
    }

    /// For a loop that works at times: the work before this is done, the next begins when it returns.
    /// - Parameter failure: what went wrong since the last wait, if anything.
    /// - Throws: `CancellationError`, when nothing is to be begun any more.
    public func wait(until moment: Timestamp, on time: any TimeSource, failure: String? = nil) async throws {
        let now = time.now()
        state.withLock { state in
            if state.report.runningSince != nil {
                state.report.ended(now.nanoseconds(since: state.report.lastRun ?? now), failure)
            }
            state.report.nextRun = moment
        }
        // Another wait may have been begun when this one was cancelled.
        defer { state.withLock { if $0.report.nextRun == moment { $0.report.nextRun = nil } } }
        try await time.sleep(until: moment)
        began(at: time.now(), dueAt: moment)
    }

    /// Takes it off the registry.
    public func end() { onEnd() }
}

/// How a schedule fares.
public struct ScheduleReport: Hashable, Sendable {
    public var name: String
    public var lastRun: Timestamp?
    public var nextRun: Timestamp?
    /// When the work began that is being done now; nil when none is.
    public var runningSince: Timestamp?
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

    fileprivate mutating func began(at now: Timestamp, dueAt: Timestamp) {
        began(at: now)
        latenessNanoseconds = max(0, now.nanoseconds(since: dueAt))
        maximumLatenessNanoseconds = max(maximumLatenessNanoseconds, latenessNanoseconds)
    }

    fileprivate mutating func ended(_ duration: Int64, _ failure: String?) {
        durationNanoseconds = duration
        runningSince = nil
        guard let failure else { return }
        failureCount += 1
        lastFailure = failure
    }
}
