import Execution
import Persistence
import TradingCore

/// One thing an executor has to store. Steps are committed in the order they were made, many in one transaction.
enum JournalStep: Sendable {
    /// An intent: to be stored, with its funds reserved, before it is sent.
    case place(StoredOrder, Approved<OrderRequest>)
    case update(ClientOrderID, OrderUpdate, Timestamp)
    /// The exchange refused an order, and said why.
    case rejected(ClientOrderID, RejectReason, Timestamp)
    /// - Parameter books: the session's after the fill; nil for a fill that no session at work has booked.
    case fill(Fill, books: SessionBooks?, Timestamp)
    /// An order was changed at the exchange: what it is there is taken over. The fill that showed it is the next step, and in the same
    /// transaction.
    case amended(OrderAmendment, Timestamp)
    /// A fill that was judged to be none of its order's.
    case refused(FillRefusal, Timestamp)
    /// A fill that was in doubt is booked all the same.
    case settled(Fill)
    /// A session's books where no fill has changed them.
    case books(SessionBooks, Timestamp)
    case stopped(instanceID: Int64, Timestamp)
    /// The first price that came to an instance which was started before there was any.
    case startPrice(instanceID: Int64, run: Int64, FixedDecimal)
}

/// What came of storing steps.
struct JournalOutcome: Sendable {
    /// The placements that may be sent: stored, and their funds reserved. The others are for want of funds.
    var stored: Set<ClientOrderID> = []
    var risen: [RisenOrder] = []
    /// Fills that were not booked, for they cannot be of the orders whose ids they bear.
    var refusals: [FillRefusal] = []
    /// Fills that are kept until the exchange was asked about their orders.
    var doubts: [FillRefusal] = []
    var amended: [AmendedOrder] = []
}

/// Stores steps. May be called again for the same ones when a transaction had to be repeated.
struct Journal: Sendable {
    let database: any SQLDatabase
    let place: TradingPlace
    let instrument: Instrument
    let installation: InstallationID

    func commit(_ steps: [JournalStep]) async throws -> JournalOutcome {
        try await database.write(body(steps))
    }

    /// The same, told by a call on the thread that committed.
    func commit(
        _ steps: [JournalStep], isDurable: Bool,
        completion: @escaping @Sendable (Result<JournalOutcome, any Error>) -> Void
    ) {
        database.write(isDurable: isDurable, body(steps), completion: completion)
    }

    private func body(
        _ steps: [JournalStep]
    ) -> @Sendable (any SQLTransaction) throws -> JournalOutcome {
        { [self] transaction in
            var outcome = JournalOutcome()
            let (risen, refusals, amended) = (RisenOrders(), FillRefusals(), AmendedOrders())
            let orders = OrderStore(
                transaction: transaction, place: place, instrument: instrument, risen: risen, refusals: refusals,
                amended: amended)
            for step in steps { try carryOut(step, orders, &outcome) }
            outcome.risen = risen.all
            (outcome.refusals, outcome.doubts) = (refusals.all, refusals.doubts)
            outcome.amended = amended.all
            return outcome
        }
    }

    private func carryOut(
        _ step: JournalStep, _ orders: OrderStore, _ outcome: inout JournalOutcome
    ) throws {
        let transaction = orders.transaction
        switch step {
        case .place(let order, _):
            if try orders.insert(order) { outcome.stored.insert(order.id) }
        case .update(let id, let update, let now):
            try orders.update(id, update, now: now)
        case .rejected(let id, let reason, let now):
            if try orders.update(id, .rejected, now: now) {
                try DirectOrderStore(transaction: transaction).setRejection(reason, of: id)
            }
        case .fill(let fill, let books, let now):
            try FillStore(orders: orders).book(fill, books: books, now: now)
        case .amended(let amendment, let now):
            try orders.amend(amendment, now: now)
        case .refused(let refusal, let now):
            try FillStore(orders: orders).refuse(refusal, isInBooks: false, now)
        case .settled(let fill):
            try DoubtedFillStore(transaction: transaction, place: place, instrument: instrument).remove(fill)
        case .books(let books, let now):
            try SessionBooksStore(transaction: transaction).put(books, now: now)
        case .stopped(let id, let now):
            try SessionNumberStore(transaction: transaction, installation: installation).stopped(id, now: now)
        case .startPrice(let id, let run, let price):
            try StrategyInstanceStore(transaction: transaction).setStartPrice(price, of: id, run: run)
        }
    }
}
