import Scheduling
import TradingCore

/// Where orders are placed. It fills them piece by piece, and tells what it did as often as it likes, in any order.
final class Market: SimulationParticipant {
    private struct Order {
        let id: String
        let amount: Int64
        var filled: Int64 = 0
        var fills: Int = 0
        var isOpen = true
    }

    let name = "market"
    private let world: SimulationWorld
    private let inbox: Inbox
    private var orders: [Order] = []

    init(_ world: SimulationWorld, _ inbox: Inbox) {
        self.world = world
        self.inbox = inbox
    }

    var unfinished: String? { orders.first { $0.isOpen }.map { "order \($0.id) is still open" } }

    func filled(_ id: String) -> Int64? { orders.first { $0.id == id }?.filled }

    var ids: [String] { orders.map(\.id) }

    // MARK: - Requests

    func place(_ id: String, _ amount: Int64) throws {
        try request("place \(id)") {
            if let order = orders.first(where: { $0.id == id }) {
                if order.amount != amount { world.violate("requestContent", "order \(id) changed to \(amount)") }
                return
            }
            orders.append(Order(id: id, amount: amount))
        }
    }

    func cancel(_ id: String) throws {
        try request("cancel \(id)") {
            guard let index = orders.firstIndex(where: { $0.id == id }) else {
                // Jobs of one order run in the order in which they were enqueued, so it has been placed.
                world.violate("serialOrder", "order \(id) was cancelled before it was placed")
                return
            }
            if orders[index].isOpen { close(index) }
        }
    }

    private func request(_ place: String, _ body: () -> Void) throws {
        let fault = world.fault(FaultKind.ofDeliveries, likelihood: 5, place)
        if fault?.kind == .requestLost { throw RequestTimedOut() }
        body()
        if fault?.kind == .deliveredTwice { body() }
        if fault?.kind == .answerLost { throw RequestTimedOut() }
    }

    // MARK: - Steps

    func steps(_ world: SimulationWorld) -> [SimulationStep] {
        let open = orders.indices.filter { orders[$0].isOpen }
        if open.isEmpty { return [] }
        return [
            SimulationStep("fills") { [unowned self] in
                var random = world.draw("market")
                fill(open[Int(random.below(UInt64(open.count)))], &random)
            }
        ]
    }

    private func fill(_ index: Int, _ random: inout SplitMix64) {
        let remaining = orders[index].amount - orders[index].filled
        let amount = Int64(random.below(UInt64(remaining))) + 1
        orders[index].filled += amount
        orders[index].fills += 1
        let order = orders[index]
        inbox.add(.fill(order: order.id, id: "\(order.id)-\(order.fills)", amount: amount))
        if order.filled == order.amount { close(index) }
    }

    private func close(_ index: Int) {
        orders[index].isOpen = false
        inbox.add(.closed(order: orders[index].id, total: orders[index].filled))
    }
}
