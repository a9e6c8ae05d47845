import Jobs

/// A saga's version grows by one with everything that happens to it, and it moves along its table.
final class SagaCheck: SimulationCheck {
    private var versions: [String: Int64] = [:]

    func observe(_ change: SimulationChange, _ world: SimulationWorld) {
        guard change.what == "saga" else { return }
        let expected = (versions[change.id] ?? 0) + 1
        if change.number != expected {
            world.violate("sagaVersion", "\(change.id) went to version \(change.number), not \(expected)")
        }
        versions[change.id] = change.number
        guard let old = change.old.flatMap(Payout.State.Step.init), let new = change.new.flatMap(Payout.State.Step.init)
        else { return }
        world.pass("payout \(old) > \(new)")
        // What changes nothing stays where it is, a finished saga too.
        if old != new, !Payout.transitions.allows(old, new) {
            world.violate("sagaTransition", "\(change.id) went from \(old) to \(new)")
        }
    }
}
