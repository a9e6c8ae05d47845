import Exchanges
import Execution
import TradingCore

/// What the exchange and our store say about one place after a break, and what follows from both. Pure.
///
/// The order of asking makes it sound: the account's stream is subscribed first, then open orders are listed, then fills
/// fetched, then every stored live order that is not listed is asked for by its id. Whatever happens meanwhile comes by
/// the stream as well, and telling a thing twice changes nothing.
struct Reconciliation: Sendable {
    var stored: [StoredOrder]
    var listed: [ListedOrder]
    /// From the newest booked trade on, ascending. What they show of ``stored`` is in there already.
    var missed: JudgedFills
    /// What the exchange said of the stored orders that are not listed; nil: it knows none of that id.
    var reports: [ClientOrderID: OrderReport?]
    /// How long a request sent before the break may still be carried out.
    var acceptanceWindow: Int64
    var installation: InstallationID

    struct Outcome: Sendable {
        /// Fills and ends, to be stored in this order.
        var steps: [JournalStep] = []
        var live: [RestoredOrder] = []
        /// Whose they are.
        var owners: [ClientOrderID: Int64] = [:]
        /// Open orders made by this installation of which the store knows nothing: not lost, not left behind.
        var strays: [ListedOrder] = []
        /// What was changed at the exchange.
        var amended: [OrderReport] = []
        /// Those that rest with other terms than ours: changed or replaced at the exchange while nobody listened.
        var changed: [ListedOrder] = []

        func live(of instanceID: Int64) -> [RestoredOrder] { live.filter { owners[$0.id] == instanceID } }
    }

    func outcome(now: Timestamp) -> Outcome {
        var outcome = Outcome()
        outcome.steps = missed.steps(now)
        outcome.amended = missed.amendments.map(\.report)
        for order in stored {
            outcome.owners[order.id] = order.instanceID
            settle(order, &outcome, now)
        }
        let known = Set(stored.map(\.id))
        outcome.strays = listed.filter { $0.id.installation == installation && !known.contains($0.id) }
        return outcome
    }

    private func settle(_ order: StoredOrder, _ outcome: inout Outcome, _ now: Timestamp) {
        let listing = listed.first { $0.id == order.id }
        let filled = filledLots(order)
        // A fill may come between the listing and the fetching of fills.
        if filled >= order.quantity.lots { return }
        if let listing {
            let rest = Quantity(lots: order.quantity.lots - filled)
            if listing.isOther(than: order.side, order.price, rest: rest) { outcome.changed.append(listing) }
            outcome.steps.append(.update(order.id, order.status == .cancelling ? .cancelRefused : .accepted, now))
            outcome.live.append(restored(order, .open, filled: filled))
            return
        }
        switch reports[order.id] {
        case .some(.some(let report)): settle(order, by: report, filled, &outcome, now)
        case .some(.none):
            let provenAt = order.createdAt.advanced(byNanoseconds: acceptanceWindow)
            // One that was seen to rest is asked about once more before it counts as gone: a list and an answer may both lag behind.
            if provenAt <= now, filled == 0, order.status != .open {
                outcome.steps.append(.update(order.id, .neverExisted, now))
            } else {
                outcome.live.append(restored(order, .inDoubt(until: max(now, provenAt)), filled: filled))
            }
        case .none:
            outcome.live.append(restored(order, .inDoubt(until: now), filled: filled))
        }
    }

    private func settle(
        _ order: StoredOrder, by report: OrderReport, _ filled: Int64, _ outcome: inout Outcome, _ now: Timestamp
    ) {
        // The report knows more fills than have been told: they are on their way, and so is this order's end.
        let isBehind = filled < report.filled.lots
        switch report.status {
        case .filled where !isBehind, .cancelled where !isBehind, .expired where !isBehind, .rejected:
            outcome.steps.append(.update(order.id, update(to: report.status), now))
        case .open, .pending, .unknown, .cancelling:
            outcome.live.append(restored(order, .open, filled: filled))
        case .filled, .cancelled, .expired:
            outcome.live.append(restored(order, .inDoubt(until: now), filled: filled))
        }
    }

    private func update(to status: OrderStatus) -> OrderUpdate {
        switch status {
        case .filled: .filled
        case .cancelled: .cancelled
        case .expired: .expired
        case .rejected: .rejected
        case .pending, .unknown, .open, .cancelling: .accepted
        }
    }

    /// What was stored and what has been told since. A fill told again counts once: the stored ones come first.
    private func filledLots(_ order: StoredOrder) -> Int64 {
        order.filled.lots + missed.new.reduce(0) { $1.orderID == order.id ? $0 + $1.quantity.lots : $0 }
    }

    private func restored(
        _ order: StoredOrder, _ presence: RestoredOrder.Presence, filled: Int64
    ) -> RestoredOrder {
        RestoredOrder(
            id: order.id, presence: presence, side: order.side, level: order.level, price: order.price,
            quantity: order.quantity, filled: Quantity(lots: filled), isPostOnly: order.isPostOnly,
            createdAt: order.createdAt)
    }
}
