import Exchanges
import Execution
import Logging
import Scheduling
import TradingCore

/// Orders of ours that no session at work looks after: those that the store does not know, or whose strategy does not run.
extension InstrumentExecutor {
    /// What an operator should know of them; nil when there are none.
    var unattended: String? {
        strays.isEmpty ? nil : "\(strays.count) orders of ours that no strategy looks after are still being cancelled"
    }

    /// Begins to cancel one. That it is gone is said when it is.
    func takeOff(_ id: ClientOrderID, _ why: String) {
        logger.error("open order \(id) \(why): being cancelled")
        strays.add(id, now: time.now())
    }

    /// Sends the cancels whose time has come, and has the exchange asked what is left.
    func chaseStrays(_ now: Timestamp) {
        let due = strays.takeDue(now)
        if due.isEmpty { return }
        account.cancel(due, place.symbol)
        ask.yield(.strays)
    }

    /// What the account's stream tells of them.
    func noteStray(_ event: AccountEvent) {
        if case .reappeared(let id) = event { return takeOff(id, "had ended by the exchange's word, and rests") }
        guard !strays.isEmpty else { return }
        switch event {
        case .cancelled(let id), .expired(let id, _), .rejected(let id, _), .notFound(let id):
            if strays.ended(id) { tellGone(id) }
        // Filled, or gone: only the list of what is open tells.
        case .cancelRejected(let id, .unknownOrder): if strays.contains(id) { ask.yield(.strays) }
        case .accepted, .filled, .cancelRejected, .outcomeUnknown, .reappeared: break
        }
    }

    func lookForStrays() async {
        guard !strays.isEmpty else { return }
        do { strayOrdersListed(try await account.openOrders(place.symbol)) } catch {
            // They are asked for again with the next cancel.
            logger.warning("open orders could not be listed: \(error)")
        }
        finishTurn()
    }

    /// - Parameter open: asked for after they were found.
    func strayOrdersListed(_ open: [ListedOrder]) {
        if strays.isEmpty { return }
        for id in strays.listed(Set(open.map(\.id))) {
            tellGone(id)
            // How it ended, where its row is ours.
            account.send(.query(id), place.symbol)
        }
    }

    private func tellGone(_ id: ClientOrderID) {
        logger.notice("order \(id), which no strategy looked after, is off the book")
    }
}
