import Scheduling
import TradingCore

/// Who pays in, trades and withdraws, without looking at their balance first.
final class Customers: SimulationParticipant {
    let name = "customers"
    private let inbox: Inbox
    private var remaining: Int
    private(set) var snapshots: [(id: String, customer: String, amount: Int64)] = []
    private var orders: [String] = []
    private var withdrawals: [String] = []

    static let ids = ["ann", "bob", "cyd"]
    /// Who pays in and is nobody we know.
    static let stranger = "zoe"

    init(_ inbox: Inbox, wishes: Int) {
        self.inbox = inbox
        remaining = wishes
    }

    func steps(_ world: SimulationWorld) -> [SimulationStep] {
        guard remaining > 0, !world.isHealing else { return [] }
        return [SimulationStep("wish", weight: 15) { [unowned self] in wish(world) }]
    }

    private func wish(_ world: SimulationWorld) {
        remaining -= 1
        let customer = Self.ids[Int(world.random.below(UInt64(Self.ids.count)))]
        let amount = Int64(world.random.below(100)) + 1
        switch world.random.below(12) {
        case 0...4: payIn(world, customer, amount)
        case 5, 6:
            orders.append(world.id("o"))
            inbox.add(.order(id: orders[orders.count - 1], customer: customer, amount: amount / 2 + 1))
        case 7: if !orders.isEmpty { inbox.add(.cancelOrder(id: pick(orders, world))) }
        case 8, 9:
            withdrawals.append(world.id("w"))
            inbox.add(
                .withdrawal(id: withdrawals[withdrawals.count - 1], customer: customer, amount: amount / 2 + 1))
        case 10: if !withdrawals.isEmpty { inbox.add(.revokeWithdrawal(id: pick(withdrawals, world))) }
        default:
            let wait = Int64(world.random.below(800))
            inbox.add(.hold(id: world.id("h"), customer: customer, amount: amount / 4 + 1, milliseconds: wait))
        }
    }

    private func payIn(_ world: SimulationWorld, _ customer: String, _ amount: Int64) {
        let isStray = world.random.below(6) == 0
        let snapshot = (world.id("s"), isStray ? Self.stranger : customer, amount * 3)
        snapshots.append(snapshot)
        inbox.add(.snapshot(id: snapshot.0, customer: snapshot.1, amount: snapshot.2))
    }

    private func pick(_ ids: [String], _ world: SimulationWorld) -> String {
        ids[Int(world.random.below(UInt64(ids.count)))]
    }
}
