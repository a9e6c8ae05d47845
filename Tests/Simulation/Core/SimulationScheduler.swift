import Glibc
import Scheduling
import TradingCore

/// Picks who does what next, and moves the time.
struct SimulationScheduler {
    let world: SimulationWorld
    let scenario: any SimulationScenario
    /// Until when who stands still.
    private var stalled: [(name: String, until: Timestamp)] = []
    /// When the steps are made that are offered at the moment, by their keys. Looked up, never walked.
    private var turns: [UInt64: Double] = [:]
    private var turn = 0.0

    init(world: SimulationWorld, scenario: any SimulationScenario) {
        self.world = world
        self.scenario = scenario
    }

    /// A world that has not come to rest after so many steps never will.
    static let healingLimit = 1_500

    mutating func play() throws {
        while world.stepCount < scenario.stepLimit, world.violation == nil {
            if step(withFaults: true) == .nothing { break }
        }
        world.note("healing")
        world.faults.isActive = false
        world.isHealing = true
        let end = world.stepCount + Self.healingLimit
        while world.violation == nil {
            let progress = step(withFaults: false)
            // Asked now and then, for it reads the database.
            guard progress != .acted || world.stepCount % 16 == 0 else { continue }
            guard let unfinished = try scenario.unfinished(world) else { break }
            if progress == .nothing || world.stepCount >= end {
                world.violate("rest", "never done: \(unfinished)")
            }
        }
        if world.violation == nil { try world.checkAtRest() }
    }

    private struct Choice {
        let participant: any SimulationParticipant
        let step: SimulationStep
        /// Of both names.
        let key: UInt64
    }

    private enum Progress {
        case acted
        /// Time passed.
        case waited
        /// Nobody will ever do anything again.
        case nothing
    }

    private mutating func step(withFaults: Bool) -> Progress {
        wakeStalled()
        let choices = choices()
        guard !choices.isEmpty else { return moveToNextMoment() ? .waited : .nothing }
        let choice = pick(choices)
        let (participant, step) = (choice.participant, choice.step)
        world.stepCount += 1
        world.now = world.now.advanced(byNanoseconds: passing(choice))
        world.note("\(world.now.nanoseconds) \(participant.name) \(step.name)")
        if withFaults, strike(participant, before: step) { return .acted }
        perform(step.action, of: participant)
        if withFaults || !choices.allSatisfy(\.step.isUpkeep) { return .acted }
        return moveToNextMoment() ? .waited : .acted
    }

    private func perform(_ action: () throws -> Void, of participant: any SimulationParticipant) {
        do { try action() } catch is SimulatedCrash {
            world.note("  \(participant.name) died")
            participant.crashed(world)
        } catch {
            world.violate("surprise", "\(participant.name) met \(error)")
        }
    }

    // MARK: - Choosing

    private func choices() -> [Choice] {
        var choices: [Choice] = []
        for participant in world.participants where !isStalled(participant) {
            let name = SeededDraws.hash(participant.name)
            for step in participant.steps(world) {
                let key = SeededDraws.hash(step.name, after: name)
                choices.append(Choice(participant: participant, step: step, key: key))
            }
        }
        return choices
    }

    /// Each step gets its turn when it is first offered, sooner or later by chance and by its weight, and keeps it: the first
    /// one is made. So what others do decides nothing about it.
    private mutating func pick(_ choices: [Choice]) -> Choice {
        var offered: [UInt64: Double] = [:]
        offered.reserveCapacity(choices.count)
        var (best, bestTurn) = (0, Double.infinity)
        for (index, choice) in choices.enumerated() {
            let turn = turns[choice.key] ?? newTurn(choice)
            offered[choice.key] = turn
            if turn < bestTurn { (best, bestTurn) = (index, turn) }
        }
        turn = max(turn, bestTurn)
        offered[choices[best].key] = nil
        turns = offered
        return choices[best]
    }

    private func newTurn(_ choice: Choice) -> Double {
        var random = world.draw(choice.key)
        return turn - log(1 - random.unit()) / Double(max(1, choice.step.weight))
    }

    // MARK: - Time

    /// How long a step takes: mostly a moment, now and then a while. Once faults are over only a moment, or those with the
    /// shortest leases would take each other's work away for ever.
    private func passing(_ choice: Choice) -> Int64 {
        var random = world.draw(~choice.key)
        if world.isHealing { return Int64(random.below(400_000)) }
        let draw = random.below(32)
        if draw == 0 { return Int64(random.below(400_000_000)) }
        if draw < 4 { return 0 }
        return Int64(random.below(8_000_000))
    }

    private func moveToNextMoment() -> Bool {
        var next = stalled.map(\.until).min() ?? .distantFuture
        for participant in world.participants where !isStalled(participant) {
            if let moment = participant.nextMoment(world) { next = min(next, moment) }
        }
        guard next < .distantFuture else { return false }
        // A moment that has passed would not move the time, and whoever named it had nothing to do.
        world.now = max(next, world.now.advanced(byNanoseconds: Nanoseconds.perMillisecond))
        world.stepCount += 1
        world.note("\(world.now.nanoseconds) nobody")
        return true
    }

    // MARK: - Faults between steps

    /// - Returns: true when the step is not made.
    private mutating func strike(_ participant: any SimulationParticipant, before step: SimulationStep) -> Bool {
        let kinds = participant.isProcess ? FaultKind.ofProcesses : FaultKind.ofOthers
        guard let fault = world.fault(kinds, "\(participant.name) \(step.name)") else { return false }
        switch fault.kind {
        case .clockJump:
            world.now = world.now.advanced(byNanoseconds: Int64(fault.bits % 4_000_000_000))
            return false
        case .stall:
            let until = world.now.advanced(byNanoseconds: Int64(fault.bits % 4_000_000_000))
            stalled.append((participant.name, until))
            return true
        default:
            participant.crashed(world)
            return true
        }
    }

    private func isStalled(_ participant: any SimulationParticipant) -> Bool {
        stalled.contains { $0.name == participant.name }
    }

    private mutating func wakeStalled() {
        if stalled.isEmpty { return }
        let now = world.now
        stalled.removeAll { $0.until <= now }
    }
}
