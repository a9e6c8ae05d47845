import Jobs
import Ledger
import Persistence
import TradingCore

/// What the desk owes to the world: compared with what customers, network and market know, who keep no books of ours.
final class DeskCheck: SimulationCheck {
    private let customers: Customers
    private let network: PaymentNetwork
    private let market: Market
    private var dispositions: [String: String] = [:]
    private var linesMade = 0

    init(customers: Customers, network: PaymentNetwork, market: Market) {
        self.customers = customers
        self.network = network
        self.market = market
    }

    func observe(_ change: SimulationChange, _ world: SimulationWorld) {
        switch change.what {
        case "disposition":
            if let earlier = dispositions[change.id] {
                world.violate(
                    "oneDisposition", "deposit \(change.id) was \(earlier) and then \(change.detail ?? "")")
            }
            dispositions[change.id] = change.detail
        case "job":
            if change.old == nil, change.detail?.hasPrefix(StatementLine.kind) == true { linesMade += 1 }
        default: break
        }
    }

    func atRest(_ world: SimulationWorld) throws {
        checkDeposits(world)
        try world.read { transaction in
            try checkPayments(LedgerStore(transaction: transaction), SagaStore(transaction: transaction), world)
            try checkOrders(transaction, world)
            if let lock = try transaction.row("SELECT id, remaining FROM ledger_transfers WHERE status = 'open'") {
                world.violate(
                    "reservationOwner", "reservation \(try lock.get(0, as: Int64.self)) is open and nobody's")
            }
        }
    }

    private func checkDeposits(_ world: SimulationWorld) {
        for snapshot in customers.snapshots {
            let expected = Customers.ids.contains(snapshot.customer) ? "credited" : "refunded"
            let found = dispositions[snapshot.id]
            if found != expected {
                world.violate("oneDisposition", "deposit \(snapshot.id) was \(found ?? "forgotten"), not \(expected)")
            }
        }
        let credited = customers.snapshots.count { Customers.ids.contains($0.customer) }
        if linesMade != credited {
            world.violate("followUp", "\(credited) deposits were credited, \(linesMade) statement lines enqueued")
        }
    }

    private func checkPayments(_ ledger: LedgerStore, _ sagas: SagaStore, _ world: SimulationWorld) throws {
        let paid = network.paid
        for saga in try sagas.list(kind: Payout.kind, limit: 1_000) {
            let isPaid = paid.contains { $0.payout == saga.id }
            if isPaid != (saga.step == Payout.State.Step.paid.rawValue) {
                world.violate("paymentsAgree", "payout \(saga.id) is \(saga.step), the network paid: \(isPaid)")
            }
        }
        let received = customers.snapshots.reduce(Int64(0)) { $0 + $1.amount }
        let sent = paid.reduce(Int64(0)) { $0 + $1.amount }
        let total = try ledger.balance(of: DeskMoney.network())?.total ?? .zero
        if total != FixedDecimal(sent - received) {
            world.violate("paymentsAgree", "the network gave \(received) and took \(sent), our books say \(total)")
        }
    }

    private func checkOrders(_ transaction: any SQLTransaction, _ world: SimulationWorld) throws {
        var total: Int64 = 0
        for row in try transaction.rows("SELECT id, filled, is_closed FROM desk_orders ORDER BY id") {
            let (id, filled, isClosed): (String, FixedDecimal, Bool) = (
                try row.get(0), try row.get(1), try row.get(2)
            )
            let known = market.filled(id) ?? 0
            total += known
            if filled != FixedDecimal(known) || !isClosed {
                world.violate("fillsAgree", "order \(id) has \(filled) filled, the market says \(known)")
            }
        }
        let ledger = LedgerStore(transaction: transaction)
        let sold = try ledger.balance(of: DeskMoney.market(DeskMoney.base))?.total ?? .zero
        let spent = try ledger.balance(of: DeskMoney.market(DeskMoney.quote))?.total ?? .zero
        if spent != FixedDecimal(total) || sold != FixedDecimal(-total) {
            world.violate("fillsAgree", "the market filled \(total), our books say \(spent) and \(sold)")
        }
    }
}
