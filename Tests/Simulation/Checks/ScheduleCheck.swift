import Scheduling
import TradingCore

/// Each tick of a schedule runs once, schedules only move forward, and where every tick is to be caught up none is left out.
final class ScheduleCheck: SimulationCheck {
    private var seen: [String: Int] = [:]
    private var reports: [Int64] = []

    func observe(_ change: SimulationChange, _ world: SimulationWorld) {
        switch change.what {
        case "tick":
            seen[change.id, default: 0] += 1
            if let count = seen[change.id], count > 1 {
                world.violate("scheduleTickOnce", "tick \(change.id) ran \(count) times")
            }
            let parts = change.id.split(separator: "@")
            if parts.count == 2, parts[0] == "report", let tick = Int64(parts[1]) { reports.append(tick) }
        case "schedule":
            guard let old = Int64(change.old ?? ""), let new = Int64(change.new ?? ""), new > old else {
                return world.violate(
                    "scheduleForward", "\(change.id) went from \(change.old ?? "") to \(change.new ?? "")")
            }
        default: break
        }
    }

    func atRest(_ world: SimulationWorld) throws {
        let ticks = reports.sorted()
        for (tick, next) in zip(ticks, ticks.dropFirst()) where next - tick != Nanoseconds.seconds(2) {
            world.violate("scheduleEveryTick", "no report between \(tick) and \(next)")
        }
    }
}
