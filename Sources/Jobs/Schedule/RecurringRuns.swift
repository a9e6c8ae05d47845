import Scheduling
import TradingCore

/// What the registry of schedules shows of recurring jobs, one schedule each: when its next tick is due in the whole cluster, and how the
/// runs in this process went.
struct RecurringRuns: Sendable {
    private let schedules: [String: Schedule]
    /// Ticks and starts are by the shared clock; what is shown is by this process's.
    private let clock: SharedClock

    init(_ schedules: [JobSchedule], _ registry: ScheduleRegistry, _ clock: SharedClock) {
        self.clock = clock
        self.schedules = Dictionary(
            schedules.map { ($0.name, registry.schedule("job: \($0.name)")) }, uniquingKeysWith: { first, _ in first })
    }

    /// What is stored of them, whichever node enqueued the last tick.
    func stored(_ entries: [JobScheduleStore.Entry]) {
        for entry in entries {
            guard let schedule = schedules[entry.name] else { continue }
            schedule.isDue(at: entry.nextAt == .distantFuture ? nil : clock.own(entry.nextAt))
            if let last = entry.lastAt { schedule.ranBefore(at: clock.own(last)) }
        }
    }

    /// An attempt begins. The first one is due at its tick, not when somebody came to enqueue it.
    func began(_ run: JobRun) {
        guard let (schedule, tick) = schedule(of: run) else { return }
        schedule.began(at: clock.own(run.startedAt), dueAt: clock.own(run.attempt == 1 ? tick : run.runAt))
    }

    func ended(_ run: JobRun, at now: Timestamp, failure: String?) {
        schedule(of: run)?.schedule.ended(at: now, failure: failure)
    }

    func end() {
        // lint: ordered because each is taken off by itself
        for schedule in schedules.values { schedule.end() }
    }

    private func schedule(of run: JobRun) -> (schedule: Schedule, tick: Timestamp)? {
        guard !schedules.isEmpty, let id = run.customID, let (name, tick) = JobSchedule.tick(ofJob: id),
            let schedule = schedules[name]
        else { return nil }
        return (schedule, tick)
    }
}
