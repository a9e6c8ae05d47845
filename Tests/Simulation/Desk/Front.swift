import Jobs
import Ledger
import Persistence
import Scheduling
import TradingCore

/// Takes in what comes from outside, one transaction each. A process without memory: what it has not acknowledged comes
/// again.
final class Front: SimulationParticipant {
    let name: String
    let isProcess = true
    private let inbox: Inbox
    private let desk: Desk

    init(_ name: String, _ inbox: Inbox, _ desk: Desk) {
        self.name = name
        self.inbox = inbox
        self.desk = desk
    }

    var unfinished: String? { inbox.items.first.map { "\($0) has not been taken in" } }

    func steps(_ world: SimulationWorld) -> [SimulationStep] {
        if inbox.items.isEmpty { return [] }
        return [SimulationStep("takes in", weight: 20) { [unowned self] in try takeIn(world) }]
    }

    private func takeIn(_ world: SimulationWorld) throws {
        var random = world.draw(name)
        let item = inbox.items[Int(random.below(UInt64(inbox.items.count)))]
        world.note("  \(item)")
        do {
            try desk.take(item, world)
        } catch let error where isExpected(error) {
            world.note("  \(error)")
            return
        }
        if world.fault([.deliveredTwice], "\(item)") == nil { inbox.remove(item) }
    }
}
