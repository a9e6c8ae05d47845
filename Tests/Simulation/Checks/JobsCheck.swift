import Jobs
import TradingCore

/// Jobs move along the one table of states, each claim has a number of its own, jobs of one key neither overlap nor pass
/// each other, and the effect of each happens once, with its completion.
final class JobsCheck: SimulationCheck {
    private struct Job {
        let id: Int64
        let kind: String
        let key: String
        let deadLetterHoldsKey: Bool
        var state: JobState
        var claims: Int64
        var effects = 0
        /// It was a dead letter that others were let pass.
        var hasLeftOrder = false
    }

    private let effectKinds: [String]
    private var jobs: [Int64: Job] = [:]
    /// Live ones by key, in the order of their enqueueing.
    private var lanes: [String: [Int64]] = [:]
    /// Completed in this transaction.
    private var completed: [Int64] = []

    init(effectKinds: [String]) { self.effectKinds = effectKinds }

    func observe(_ change: SimulationChange, _ world: SimulationWorld) {
        switch change.what {
        case "job": observeJob(change, world)
        case "effect": observeEffect(change, world)
        default: break
        }
    }

    private func observeEffect(_ change: SimulationChange, _ world: SimulationWorld) {
        guard let id = Int64(change.id) else { return }
        jobs[id]?.effects += 1
        if let job = jobs[id], job.effects > 1 {
            world.violate("jobEffectOnce", "job \(id) \(job.kind) had its effect \(job.effects) times")
        }
    }

    private func observeJob(_ change: SimulationChange, _ world: SimulationWorld) {
        guard let id = Int64(change.id) else { return }
        let new = change.new.flatMap(JobState.init)
        guard let old = change.old else { return observeNew(id, new, change, world) }
        guard var job = jobs[id], job.state.rawValue == old else {
            return world.violate("jobTransition", "job \(id) was \(old), which was never seen")
        }
        guard let new else { return observeGone(job, change, world) }
        world.pass("job \(old) > \(new.rawValue)")
        // First: whose lease was over and came back makes an odd transition, too.
        if change.number != job.claims + (new == .running ? 1 : 0) {
            world.violate("jobClaims", "job \(id) went from claim \(job.claims) to \(change.number) as \(new.rawValue)")
        }
        if !job.state.successors.contains(new) {
            world.violate("jobTransition", "job \(id) \(job.kind) went from \(old) to \(new.rawValue)")
        }
        (job.state, job.claims) = (new, change.number)
        if new == .dead, !job.deadLetterHoldsKey { job.hasLeftOrder = true }
        jobs[id] = job
        if new == .running { checkOrder(job, world) }
        if new == .completed { completed.append(id) }
        if new.isFinished { leave(job) }
    }

    private func observeNew(
        _ id: Int64, _ state: JobState?, _ change: SimulationChange, _ world: SimulationWorld
    ) {
        let parts = (change.detail ?? "").split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard let state, parts.count == 3, state == .ready || state == .delayed || state == .waiting else {
            return world.violate("jobTransition", "job \(id) began as \(change.new ?? "nothing")")
        }
        if jobs[id] != nil { world.violate("jobTransition", "job id \(id) was used twice") }
        jobs[id] = Job(
            id: id, kind: parts[0], key: parts[1], deadLetterHoldsKey: parts[2] == "1", state: state,
            claims: change.number
        )
        if !parts[1].isEmpty { lanes[parts[1], default: []].append(id) }
    }

    /// A finished one, by retention; or a live one that is removed as it ends.
    private func observeGone(_ job: Job, _ change: SimulationChange, _ world: SimulationWorld) {
        if job.state == .dead { world.violate("jobTransition", "dead letter \(job.id) was removed") }
        if job.state == .waiting { world.violate("jobTransition", "job \(job.id) was removed while it waited") }
        leave(job)
    }

    private func leave(_ job: Job) { lanes[job.key]?.removeAll { $0 == job.id } }

    private func checkOrder(_ job: Job, _ world: SimulationWorld) {
        for id in lanes[job.key] ?? [] where id != job.id {
            guard let other = jobs[id] else { continue }
            if other.state == .running {
                world.violate("serialOverlap", "jobs \(id) and \(job.id) of \(job.key) run at once")
            } else if id < job.id, !other.hasLeftOrder {
                world.violate(
                    "serialOrder", "job \(job.id) of \(job.key) passed \(id), which is \(other.state.rawValue)")
            }
        }
    }

    func committed(_ world: SimulationWorld) {
        for id in completed {
            guard let job = jobs[id], effectKinds.contains(job.kind), job.effects != 1 else { continue }
            world.violate("jobEffectOnce", "job \(id) \(job.kind) completed with \(job.effects) effects")
        }
        completed.removeAll(keepingCapacity: true)
    }

    func atRest(_ world: SimulationWorld) throws {
        for job in jobs.values.sorted(by: { $0.id < $1.id }) where effectKinds.contains(job.kind) {
            let expected = job.state == .completed ? 1 : 0
            if job.effects != expected {
                world.violate(
                    "jobEffectOnce", "job \(job.id) ended \(job.state.rawValue) with \(job.effects) effects")
            }
        }
    }
}
