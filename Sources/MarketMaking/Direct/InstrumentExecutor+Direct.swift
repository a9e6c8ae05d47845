import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Somebody who waits for word of one order.
final class DirectWaiter {
    enum Awaited {
        /// The exchange has it, or never will.
        case acknowledgement
        /// It is over.
        case end
    }

    let id: ClientOrderID
    let awaited: Awaited
    let signal = Signal()
    /// Why the exchange refused it, if it did.
    var rejection: RejectReason?

    init(_ id: ClientOrderID, _ awaited: Awaited) {
        self.id = id
        self.awaited = awaited
    }

    func isServed(by order: TrackedOrder?) -> Bool {
        guard let order else { return true }
        return awaited == .acknowledgement && order.isAcknowledged
    }
}

/// Orders that people place, on the path of strategies' orders: stored with their funds reserved, then sent.
extension InstrumentExecutor {
    /// How long an answer to a person waits for the exchange's word.
    static let directPatience = Nanoseconds.seconds(8)

    /// - Returns: the order's id, and why the exchange refused it, if it has said so.
    func place(
        _ placement: DirectPlacement, in session: SessionID
    ) async throws -> (id: ClientOrderID, rejection: RejectReason?) {
        guard await firstBookView(limit: 1) != nil else {
            throw DeskError.notReady("\(place.exchange) has not told anything of \(place.symbol) yet")
        }
        // If not, the gate says why.
        _ = await knowsOwnOrdersSoon()
        let (place, instrument) = (place, instrument)
        let (earlier, free) = try await database.read { transaction in
            let ledger = AccountLedger(transaction: transaction, place: place)
            return (
                try DirectOrderStore(transaction: transaction).order(of: placement.details),
                SessionFunds(
                    base: try ledger.free(instrument.base) ?? .zero, quote: try ledger.free(instrument.quote) ?? .zero)
            )
        }
        if let earlier { return (earlier, nil) }
        let now = time.now()
        guard let order = placement.order(core.book, core.engine.rules) else {
            throw DeskError.refused("NO_LIQUIDITY: nobody is on the other side of \(place.symbol)")
        }
        switch core.place(order, placement.details, in: session, free: free, now: now) {
        case .failure(let refusal): throw placement.meaning(refusal, order, instrument)
        case .success(let id):
            let waiter = DirectWaiter(id, order.timeInForce == .goodTillCancelled ? .acknowledgement : .end)
            directWaiters.append(waiter)
            finishTurn()
            await wait(waiter, until: now.advanced(byNanoseconds: Self.directPatience))
            return (id, waiter.rejection)
        }
    }

    /// - Returns: false when no such order is live here.
    func cancelDirect(_ id: ClientOrderID) async -> Bool {
        let now = time.now()
        let waiter = DirectWaiter(id, .end)
        directWaiters.append(waiter)
        let isLive = core.cancel(id, now: now)
        finishTurn()
        if isLive {
            await wait(waiter, until: now.advanced(byNanoseconds: Self.directPatience))
        } else {
            directWaiters.removeAll { $0 === waiter }
        }
        return isLive
    }

    /// Of an order that is live here.
    func status(_ id: ClientOrderID) -> OrderStatus? {
        guard let order = core.engine.order(id) else { return nil }
        return order.cancelIsWanted && order.status == .open ? .cancelling : order.status
    }

    /// Returns when the word has come and is stored, or the time is over.
    private func wait(_ waiter: DirectWaiter, until deadline: Timestamp) async {
        let (signal, time) = (waiter.signal, time)
        await withTaskGroup { group in
            group.addTask { await signal.wait() }
            group.addTask { try? await time.sleep(until: deadline) }
            await group.next()
            group.cancelAll()
        }
        directWaiters.removeAll { $0 === waiter }
        _ = await flush(until: time.now().advanced(byNanoseconds: Nanoseconds.perSecond))
    }

    /// After everything that may have brought word.
    func serveDirectWaiters() {
        for waiter in directWaiters where waiter.isServed(by: core.engine.order(waiter.id)) { waiter.signal.raise() }
    }

    func note(_ event: AccountEvent) {
        guard case .rejected(let id, let reason) = event else { return }
        for waiter in directWaiters where waiter.id == id { waiter.rejection = reason }
    }
}

extension RejectReason {
    /// For people.
    var words: String {
        switch self {
        case .rule(let violation): "it breaks the exchange's rule \(violation.filterName)"
        case .insufficientBalance: "the account has not enough funds"
        case .wouldTake: "it was to be a maker and would have traded at once"
        case .duplicateID: "its id was used before"
        case .noLiquidity: "there is nobody on the other side"
        case .marketClosed: "the market is closed"
        case .unavailable: "neither the exchange nor the limit of requests that we keep to lets it through now"
        case .optionNotSupported:
            "through ccxt it has no orders of this kind (post-only, IOC or FOK), and a plain one would rest; it was not sent"
        case .key(let doubts): "the exchange does not take the account's key for it: \(doubts.words)"
        case .other: "the exchange gave no reason that has a name here; its own words are in the server's log"
        }
    }
}
