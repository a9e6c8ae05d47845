import Exchanges
import Execution
import Logging
import Persistence
import Scheduling
import TradingCore

/// Orders that somebody changes by hand at the exchange. A fill that an order cannot have had as we know it is kept, every quote is taken
/// off, and the account is asked for what was missed as after a break of its stream; with it, for the orders in doubt.
extension InstrumentExecutor {
    /// What these fills are of is not known yet, nor, therefore, what their sessions hold.
    func askAbout(_ doubts: [FillRefusal]) {
        for doubt in doubts {
            logger.error("\(doubt) as we know it: the exchange is asked whether it was changed there")
        }
        hasDoubts = true
        core.accountChanged(isReconciled: false, now: time.now())
        recoveryDue = time.now()
    }

    /// Judges what the exchange told once more, by what it says of the orders in doubt.
    func judgeAgain(_ told: [Fill], _ doubts: [FillRefusal]) async throws -> JudgedFills {
        let doubted = try await database.read { [self] transaction in
            let orders = OrderStore(transaction: transaction, place: place, instrument: instrument)
            return try Set(doubts.map(\.fill.orderID)).compactMap { try orders.order($0) }
        }
        let reports = try await OrderLookUp(account: account, symbol: place.symbol).reports(of: doubted.placements)
        return try await database.read { [self] transaction in
            try fillStore(transaction).judge(told, reports: reports)
        }
    }

    /// Tells the engine what was missed as if it had come by the stream; first, where a fill has shown it, what its order is now.
    func take(_ missed: JudgedFills) {
        let now = time.now()
        for fill in missed.new {
            if let amendment = missed.amendment(shownBy: fill) { core.amended(amendment, now: now) }
            core.handle(.filled(fill), now: now)
        }
        for amendment in missed.amendments { takeOffAmended(amendment.report) }
    }

    /// Whoever changed it wanted something else than its strategy, which makes another.
    func takeOffAmended(_ report: OrderReport) {
        if core.cancel(report.id, now: time.now()) || report.status.isFinal { return }
        takeOff(report.id, "was changed at the exchange")
    }

    /// The same of one that a list shows with other terms than ours, which may be another order under our id: what it may trade is not
    /// what we have reserved for.
    func takeOffChanged(_ listed: ListedOrder) {
        logger.error(
            "open order \(listed.id) is not as we placed it, at the exchange it is \(listed.side) \(listed.remaining.lots) lots at \(listed.price.ticks) ticks: being cancelled"
        )
        if !core.cancel(listed.id, now: time.now()) { takeOff(listed.id, "was changed at the exchange") }
    }

    func amended(_ order: AmendedOrder) {
        tell(of: order)
        if order.isHalted, let session = session(of: order.instanceID) {
            core.halt(session, reason: .uncoveredOrder, now: time.now())
        }
    }

    func tell(of order: AmendedOrder) {
        logger.error(
            "order \(order.id) was changed at the exchange: \(order.before) became \(order.after), which is taken over")
        guard order.missing.isPositive else { return }
        logger.critical(
            "the account's free funds do not cover order \(order.id): \(order.missing) is missing",
            metadata: ["halted": "\(order.isHalted)"])
    }
}

extension ListedOrder {
    /// - Parameter rest: the most that can be left of ours.
    func isOther(than side: Side, _ price: Price, rest: Quantity) -> Bool {
        self.side != side || self.price != price || remaining.lots > rest.lots
    }
}
