import Synchronization
public import TradingCore

/// The process's one waiter for moments: whoever has something to do at a time sets an ``Alarm`` here, so that all of
/// them stand in one registry and no other timer exists.
public final class AlarmClock: Sendable {
    private struct Entry: Sendable {
        var dueAt: Timestamp
        var action: @Sendable (Timestamp) -> Void
        var schedule: Schedule
        let worksElsewhere: Bool
    }

    private struct State: Sendable {
        var entries: [Int: Entry] = [:]
        var nextID = 0
        /// What the loop waits for at the moment.
        var awaited = Timestamp.distantFuture
    }

    private let time: any TimeSource
    public let registry: ScheduleRegistry
    private let state = Mutex(State())
    private let signal = Signal()

    public init(time: any TimeSource, registry: ScheduleRegistry) {
        self.time = time
        self.registry = registry
    }

    /// A new alarm, not set.
    /// - Parameters:
    ///   - name: in the registry of schedules.
    ///   - worksElsewhere: the action only wakes whoever does the work, and he tells of it by ``Alarm/worked(since:failure:)``.
    ///   - action: called at each moment it was set to, from the clock's task; must return at once.
    public func alarm(
        _ name: String, worksElsewhere: Bool = false, _ action: @escaping @Sendable (Timestamp) -> Void
    ) -> Alarm {
        let schedule = registry.schedule(name)
        let id = state.withLock { state in
            state.nextID += 1
            state.entries[state.nextID] = Entry(
                dueAt: .distantFuture, action: action, schedule: schedule, worksElsewhere: worksElsewhere)
            return state.nextID
        }
        return Alarm(clock: self, id: id)
    }

    fileprivate func set(_ id: Int, _ moment: Timestamp) {
        let isEarlier = state.withLock { state in
            guard let schedule = state.entries[id]?.schedule else { return false }
            state.entries[id]?.dueAt = moment
            schedule.isDue(at: moment == .distantFuture ? nil : moment)
            return moment < state.awaited
        }
        if isEarlier { signal.raise() }
    }

    fileprivate func worked(_ id: Int, _ began: Timestamp, _ failure: String?) {
        let schedule = state.withLock { $0.entries[id]?.schedule }
        schedule?.worked(from: began, to: time.now(), failure: failure)
    }

    fileprivate func works(_ id: Int, _ began: Timestamp) {
        state.withLock { $0.entries[id]?.schedule }?.works(since: began)
    }

    fileprivate func remove(_ id: Int) {
        let schedule = state.withLock { $0.entries.removeValue(forKey: id)?.schedule }
        schedule?.end()
    }

    /// Rings alarms until the task is cancelled.
    public func run() async {
        while !Task.isCancelled {
            let now = time.now()
            for entry in takeDue(now) {
                entry.schedule.rang(at: now, dueAt: entry.dueAt)
                entry.action(now)
                // Otherwise it may be done already, and told of.
                if !entry.worksElsewhere { entry.schedule.ended(at: time.now(), failure: nil) }
            }
            await wait(until: awaitNext())
        }
    }

    private func takeDue(_ now: Timestamp) -> [Entry] {
        state.withLock { state in
            let due = state.entries.filter { $0.value.dueAt <= now }.sorted { $0.key < $1.key }
            for (id, entry) in due {
                state.entries[id]?.dueAt = .distantFuture
                entry.schedule.isDue(at: nil)
            }
            return due.map(\.value)
        }
    }

    private func awaitNext() -> Timestamp {
        state.withLock { state in
            // lint: ordered because the least of all is the same in any order
            state.awaited = state.entries.values.reduce(.distantFuture) { min($0, $1.dueAt) }
            return state.awaited
        }
    }

    private func wait(until moment: Timestamp) async {
        if moment == .distantFuture {
            await signal.wait()
            return
        }
        await withTaskGroup { group in
            group.addTask { [time] in try? await time.sleep(until: moment) }
            group.addTask { [signal] in await signal.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}

/// One moment to be woken at; setting it again moves it.
public struct Alarm: Sendable {
    fileprivate let clock: AlarmClock
    fileprivate let id: Int

    /// - Parameter moment: `.distantFuture` is never.
    public func set(_ moment: Timestamp) { clock.set(id, moment) }

    /// Tells the registry that the work which this alarm is for is being done, so that it shows should it hang.
    public func works(since began: Timestamp) { clock.works(id, began) }

    /// Tells the registry that the work which this alarm is for was done, whether it rang for it or something else set it off.
    /// - Parameters:
    ///   - began: when the work began.
    ///   - failure: what went wrong, if anything.
    public func worked(since began: Timestamp, failure: String?) { clock.worked(id, began, failure) }

    public func remove() { clock.remove(id) }
}
