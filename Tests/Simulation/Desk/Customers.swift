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
        var random = world.draw("wish")
        let customer = Self.ids[Int(random.below(UInt64(Self.ids.count)))]
        let amount = Int64(random.below(100)) + 1
        switch random.below(12) {
        case 0...4: payIn(world, customer, amount, isStray: random.below(6) == 0)
        case 5, 6:
            orders.append(world.id("o"))
            inbox.add(.order(id: orders[orders.count - 1], customer: customer, amount: amount / 2 + 1))
        case 7: if let id = pick(orders, &random) { inbox.add(.cancelOrder(id: id)) }
        case 8, 9:
            withdrawals.append(world.id("w"))
            inbox.add(
                .withdrawal(id: withdrawals[withdrawals.count - 1], customer: customer, amount: amount / 2 + 1))
        case 10: if let id = pick(withdrawals, &random) { inbox.add(.revokeWithdrawal(id: id)) }
        default:
            let wait = Int64(random.below(800))
            inbox.add(.hold(id: world.id("h"), customer: customer, amount: amount / 4 + 1, milliseconds: wait))
        }
    }

    private func payIn(_ world: SimulationWorld, _ customer: String, _ amount: Int64, isStray: Bool) {
        let snapshot = (world.id("s"), isStray ? Self.stranger : customer, amount * 3)
        snapshots.append(snapshot)
        inbox.add(.snapshot(id: snapshot.0, customer: snapshot.1, amount: snapshot.2))
    }

    private func pick(_ ids: [String], _ random: inout SplitMix64) -> String? {
        ids.isEmpty ? nil : ids[Int(random.below(UInt64(ids.count)))]
    }
}
