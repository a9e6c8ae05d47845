/// Messages of one lane are acted on in the order in which their transactions were committed, each once, none never.
final class MessageCheck: SimulationCheck {
    private struct Message {
        let id: String
        let lane: String
        let number: Int64
        /// In which it was committed.
        let order: Int
        var applied = 0
    }

    private var messages: [String: Message] = [:]
    /// The last one acted on, by lane.
    private var newest: [String: Int] = [:]
    /// The highest number put, by lane.
    private var numbers: [String: Int64] = [:]

    func observe(_ change: SimulationChange, _ world: SimulationWorld) {
        switch change.what {
        case "message" where change.old == nil: observeNew(change, world)
        case "applied": observeApplied(change, world)
        default: break
        }
    }

    private func observeNew(_ change: SimulationChange, _ world: SimulationWorld) {
        if messages[change.id] != nil { world.violate("messageOnce", "message \(change.id) was put twice") }
        let message = Message(
            id: change.id, lane: change.detail ?? "", number: change.number, order: messages.count + 1)
        messages[change.id] = message
        if message.number <= numbers[message.lane] ?? 0 {
            world.violate("messageNumber", "message \(message.number) of \(message.lane) was put after a higher one")
        }
        numbers[message.lane] = message.number
    }

    private func observeApplied(_ change: SimulationChange, _ world: SimulationWorld) {
        guard let message = messages[change.id] else {
            return world.violate("messageKnown", "message \(change.id) was never put")
        }
        messages[change.id]?.applied += 1
        if message.applied > 0 {
            return world.violate("messageOnce", "message \(message.number) of \(message.lane) was acted on twice")
        }
        let before = newest[message.lane] ?? 0
        if message.order < before {
            world.violate("laneOrder", "message \(message.number) of \(message.lane) came after one put later")
        }
        newest[message.lane] = max(before, message.order)
    }

    func atRest(_ world: SimulationWorld) throws {
        for message in messages.values.sorted(by: { $0.order < $1.order }) where message.applied != 1 {
            world.violate(
                "messageDelivered", "message \(message.number) of \(message.lane) was acted on \(message.applied) times"
            )
        }
    }
}
