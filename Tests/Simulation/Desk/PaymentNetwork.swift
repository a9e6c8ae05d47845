import Scheduling
import TradingCore

/// The network that moves money for good. It remembers every request by its id, checks that a repeated one says the same,
/// and may answer late, or never.
final class PaymentNetwork: SimulationParticipant {
    enum Answer { case paid, refused, pending }

    struct Payment: Equatable {
        let payout: String
        let payee: String
        let amount: Int64
    }

    private struct Request {
        let id: String
        let payment: Payment
        var status: Status
    }

    private enum Status: Equatable { case paid, refused, pendingUntil(Timestamp) }

    let name = "network"
    private let world: SimulationWorld
    private var requests: [Request] = []
    private var late: [(at: Timestamp, id: String, payment: Payment)] = []

    init(_ world: SimulationWorld) { self.world = world }

    /// All that was paid, in the order of the requests.
    var paid: [Payment] { requests.filter { $0.status == .paid }.map(\.payment) }

    var unfinished: String? { late.first.map { "request \($0.id) is still on its way" } }

    // MARK: - Requests

    func pay(_ id: String, _ payment: Payment) throws -> Answer {
        let fault = world.fault(FaultKind.ofRequests, likelihood: 5, "pay \(payment.payout)")
        switch fault?.kind {
        case .requestLost: throw RequestTimedOut()
        case .carriedOutLate:
            let wait = Int64((fault?.bits ?? 0) % 3_000_000_000)
            late.append((world.now.advanced(byNanoseconds: wait), id, payment))
            throw RequestTimedOut()
        case .answerLost:
            _ = arrive(id, payment)
            throw RequestTimedOut()
        case .deliveredTwice:
            _ = arrive(id, payment)
            return arrive(id, payment)
        default: return arrive(id, payment)
        }
    }

    /// What became of a request; nil when there was none.
    func find(_ id: String) -> Answer? {
        guard let index = requests.firstIndex(where: { $0.id == id }) else { return nil }
        return answer(index)
    }

    /// Refuses a request for good, unless it was carried out.
    func revoke(_ id: String, _ payment: Payment) throws -> Answer {
        let fault = world.fault(FaultKind.ofDeliveries, likelihood: 5, "revoke \(payment.payout)")
        if fault?.kind == .requestLost { throw RequestTimedOut() }
        if !requests.contains(where: { $0.id == id }) {
            requests.append(Request(id: id, payment: payment, status: .refused))
            world.note("  network revokes \(id)")
        }
        if fault?.kind == .answerLost { throw RequestTimedOut() }
        return find(id) ?? .refused
    }

    private func arrive(_ id: String, _ payment: Payment) -> Answer {
        if let index = requests.firstIndex(where: { $0.id == id }) {
            if requests[index].payment != payment {
                world.violate("requestContent", "request \(id) was \(requests[index].payment), now \(payment)")
            }
            return answer(index)
        }
        var random = world.draw("pay \(payment.payout)")
        let status: Status =
            switch random.below(8) {
            case 0: .refused
            case 1, 2: .pendingUntil(world.now.advanced(byNanoseconds: Int64(random.below(1_000_000_000))))
            default: .paid
            }
        requests.append(Request(id: id, payment: payment, status: status))
        world.note("  network \(status) \(id)")
        checkOnce(payment)
        return answer(requests.count - 1)
    }

    private func answer(_ index: Int) -> Answer {
        switch requests[index].status {
        case .paid: return .paid
        case .refused: return .refused
        case .pendingUntil(let moment):
            guard moment <= world.now else { return .pending }
            requests[index].status = .paid
            checkOnce(requests[index].payment)
            return .paid
        }
    }

    /// Two requests of different ids for one payout are what the id is there to prevent.
    private func checkOnce(_ payment: Payment) {
        let count = requests.count { $0.payment.payout == payment.payout && $0.status == .paid }
        if count > 1 { world.violate("paidOnce", "payout \(payment.payout) was paid \(count) times") }
    }

    // MARK: - Steps

    func steps(_ world: SimulationWorld) -> [SimulationStep] {
        guard let index = late.firstIndex(where: { $0.at <= world.now }) else { return [] }
        return [
            SimulationStep("carries out late") { [unowned self] in
                let request = late.remove(at: index)
                _ = arrive(request.id, request.payment)
            }
        ]
    }

    func nextMoment(_ world: SimulationWorld) -> Timestamp? { late.map(\.at).min() }
}
