import Strategies
import TradingCore

/// From a strategy's wishes to the fewest cancels and places.
extension ExecutionEngine {
    mutating func decide(_ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) {
        guard sessions[index].phase == .running, state(index) != .halted else {
            sessions[index].nextDecision = .distantFuture
            return
        }
        if let blockage = health.blockage(sessions[index].configuration.limits, at: now) {
            if awaitsFirstData(index, now) {
                sessions[index].nextDecision = sessions[index].awaitsFirstDataUntil
                return
            }
            // Before the first data there is nothing to refuse.
            if health.lastMarketData != .distantPast { sessions[index].refusals[blockage, default: 0] += 1 }
            pull(index, now)
            // An untrusted market is not asked again: its recovery is an event.
            sessions[index].nextDecision =
                health.marketIsTrusted ? now.advanced(byNanoseconds: Nanoseconds.perSecond) : .distantFuture
            return
        }
        if let mid = book.doubleMid { lastDoubleMid = mid }
        if killOnLoss(index, book, now) { return }
        keepReducing(index, now)
        let situation = self.situation(index, now)
        wanted.removeAll()
        let decision = sessions[index].strategy.decide(book, situation, into: &wanted)
        sessions[index].nextDecision = max(decision.next, now.advanced(byNanoseconds: 1))
        sessions[index].awaitsCancel = false
        switch decision {
        case .keep: return
        case .hold(let reason, _):
            sessions[index].lastHold = reason
            pull(index, now)
        case .quote:
            sessions[index].lastHold = nil
            restate(index, now)
        }
    }

    /// Quotes outlive neither the data they were made from nor a loss, however rarely the strategy decides.
    mutating func checkHealth(_ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) {
        sessions[index].nextHealthCheck = .distantFuture
        guard !sessions[index].orders.isEmpty, state(index) != .halted else { return }
        if let blockage = health.blockage(sessions[index].configuration.limits, at: now) {
            if awaitsFirstData(index, now) {
                sessions[index].nextHealthCheck = sessions[index].awaitsFirstDataUntil
                return
            }
            if sessions[index].orders.contains(where: { !$0.isLeaving }) {
                sessions[index].refusals[blockage, default: 0] += 1
            }
            pull(index, now)
        } else {
            if let mid = book.doubleMid { lastDoubleMid = mid }
            if killOnLoss(index, book, now) { return }
        }
        scheduleHealthCheck(index, now)
    }

    /// Orders taken up after a restart may rest a few seconds until the market's first data comes.
    private func awaitsFirstData(_ index: Int, _ now: Timestamp) -> Bool {
        health.lastMarketData == .distantPast && now < sessions[index].awaitsFirstDataUntil
    }

    /// Within a second, and as soon as data may have become too old.
    private mutating func scheduleHealthCheck(_ index: Int, _ now: Timestamp) {
        let limits = sessions[index].configuration.limits
        var next = now.advanced(byNanoseconds: Nanoseconds.perSecond)
        func look(_ age: Int64?, since last: Timestamp) {
            guard let age else { return }
            let tooOld = last.advanced(byNanoseconds: age).advanced(byNanoseconds: 1)
            if tooOld > now { next = min(next, tooOld) }
        }
        look(limits.maximumDataAgeNanoseconds, since: health.lastMarketData)
        look(limits.maximumAccountDataAgeNanoseconds, since: health.lastAccountData)
        sessions[index].nextHealthCheck = min(sessions[index].nextHealthCheck, next)
    }

    /// While only reducing is allowed: cancels what could bring the position further from zero, newest first, were
    /// everything that may still fill to fill.
    mutating func keepReducing(_ index: Int, _ now: Timestamp) {
        guard sessions[index].phase == .running, state(index) == .reducing else { return }
        let position = sessions[index].account.position.lots
        var room = SidePair(Int64(0))
        room.buy = max(0, 0 - position)
        room.sell = max(0, position)
        for order in sessions[index].orders where order.isLeaving { room[order.side] -= order.remaining.lots }
        for slot in sessions[index].orders.indices {
            let order = sessions[index].orders[slot]
            if order.isLeaving { continue }
            if order.remaining.lots <= room[order.side] {
                room[order.side] -= order.remaining.lots
            } else {
                cancel(index, slot, now)
            }
        }
    }

    func situation(_ index: Int, _ now: Timestamp) -> Situation {
        Situation(
            now: now, base: FixedDecimal(raw: sessions[index].base), quote: FixedDecimal(raw: sessions[index].quote),
            position: sessions[index].account.position, lastTradePrice: lastTradePrice, externalPrice: externalPrice,
            bookShowsOwnOrders: bookShowsOwnOrders,
            ownOrders: sessions[index].readsOwnOrders ? sessions[index].orders.map(\.asOwnOrder) : [])
    }

    /// - Returns: true when the session was halted.
    private mutating func killOnLoss(_ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) -> Bool {
        guard sessions[index].killSwitch.watchesProfit else { return false }
        let position = sessions[index].account.position.lots
        let exit = book.bestTicks(position > 0 ? .buy : .sell)
        let mark = exit == 0 || exit == .max ? lastDoubleMid : 2 * exit
        // With no price at all there is nothing to judge by.
        guard mark > 0 else { return false }
        let profit = sessions[index].account.profit(doubleMark: mark, unit: instrument.unit)
        guard let reason = sessions[index].killSwitch.judge(profit: profit) else { return false }
        halt(index, reason, now)
        return true
    }

    mutating func halt(_ index: Int, _ reason: HaltReason, _ now: Timestamp) {
        guard sessions[index].state != .halted else { return }
        sessions[index].state = .halted
        sessions[index].haltReason = reason
        actions.append(.alert(.halted(sessions[index].id, reason)))
        pull(index, now)
    }

    // MARK: - The difference

    /// Keeps every live order that still serves a wanted quote, cancels the others, places what is missing.
    private mutating func restate(_ index: Int, _ now: Timestamp) {
        let tolerance = sessions[index].configuration.tolerance
        let quoteCount = wanted.quotes.count
        while satisfied.count < quoteCount { satisfied.append(false) }
        for quote in 0..<quoteCount { satisfied[quote] = false }
        var order = 0
        while order < sessions[index].orders.count {
            compare(index, order, tolerance, now)
            order += 1
        }
        for quote in 0..<quoteCount where !satisfied[quote] {
            place(index, wanted.quotes[quote], now)
        }
    }

    /// Decides what happens to one live order, and which wanted quote must not be placed because of it.
    private mutating func compare(_ index: Int, _ position: Int, _ tolerance: QuoteTolerance, _ now: Timestamp) {
        let order = sessions[index].orders[position]
        if !wanted.hanging.isEmpty, wanted.hanging.contains(order.id) { return }
        let quote = wanted.quotes.firstIndex { $0.level == order.level && $0.side == order.side }
        if !order.isLeaving, let quote, serves(order, wanted.quotes[quote], tolerance, now) {
            satisfied[quote] = true
            return
        }
        // An order that nobody has acknowledged cannot be cancelled yet: its slot waits for it.
        let isUnanswered = order.status == .pending || order.status == .unknown
        if !order.isLeaving, !isUnanswered { cancel(index, position, now) }
        // Nothing may take the place of an order whose cancel has not even gone out.
        let stays = isUnanswered || sessions[index].orders[position].cancelIsWanted
        if let quote, stays || !tolerance.overlapsReplacement {
            satisfied[quote] = true
            sessions[index].awaitsCancel = true
        }
    }

    /// Whether an order may keep its place in the queue for a wanted quote. A partly filled one may until less than half
    /// of the quantity is left.
    private func serves(_ order: TrackedOrder, _ quote: Quote, _ tolerance: QuoteTolerance, _ now: Timestamp) -> Bool {
        guard order.isPostOnly == quote.isPostOnly, tolerance.accepts(order.price, for: quote.price) else {
            return false
        }
        if let age = tolerance.maximumAgeNanoseconds, now.nanoseconds(since: order.createdAt) >= age { return false }
        let remaining = order.remaining.lots
        return remaining <= quote.quantity.lots && 2 * remaining >= quote.quantity.lots
    }

    // MARK: - Placing and cancelling

    private mutating func place(_ index: Int, _ quote: Quote, _ now: Timestamp) {
        guard let id = sessions[index].ids.next() else {
            sessions[index].refusals[.orderIDsExhausted, default: 0] += 1
            return
        }
        let request = OrderRequest(
            id: id, side: quote.side, isPostOnly: quote.isPostOnly, price: quote.price, quantity: quote.quantity)
        let context = riskContext(index, now)
        switch sessions[index].gate.judge(request, context, budget: &health.budget) {
        case .failure(let refusal):
            sessions[index].ids.takeBack(id)
            sessions[index].refusals[refusal, default: 0] += 1
            if isPassing(refusal, index) { sessions[index].awaitsCancel = true }
            if refusal == .orderBudget, let budget = health.budget {
                sessions[index].nextDecision = min(sessions[index].nextDecision, budget.nextOrder(after: now))
            }
        case .success(let approved):
            let due = now.advanced(byNanoseconds: sessions[index].configuration.limits.answerTimeoutNanoseconds)
            sessions[index].reserve(quote.side, quote.price, quote.quantity.lots, instrument.unit)
            sessions[index].orders.append(
                TrackedOrder(
                    id: id, side: quote.side, level: quote.level, price: quote.price, quantity: quote.quantity,
                    isPostOnly: quote.isPostOnly, createdAt: now, answerDueAt: due))
            sessions[index].nextAnswerDue = min(sessions[index].nextAnswerDue, due)
            sessions[index].orderCount += 1
            if sessions[index].nextHealthCheck == .distantFuture { scheduleHealthCheck(index, now) }
            actions.append(.place(approved))
        }
    }

    /// Whether a refusal may end with orders that are on their way out, or in doubt.
    private func isPassing(_ refusal: RiskRefusal, _ index: Int) -> Bool {
        switch refusal {
        case .insufficientBalance, .ownOrderCross, .positionLimit, .openOrdersLimit, .onlyReducing, .ownOrdersUnknown:
            sessions[index].orders.contains { $0.isLeaving || $0.isInDoubt }
        default: false
        }
    }

    private func riskContext(_ index: Int, _ now: Timestamp) -> RiskGate.Context {
        var context = RiskGate.Context(
            state: state(index), blockage: nil, highestBuy: .max, lowestSell: 0,
            positionLots: sessions[index].account.position.lots, openBuyLots: 0, openSellLots: 0,
            openOrders: sessions[index].orders.count, accountOrders: 0,
            freeBase: sessions[index].base - sessions[index].reservedBase,
            freeQuote: sessions[index].quote - sessions[index].reservedQuote, ownBestBid: 0, ownBestAsk: .max, now: now)
        for position in sessions[index].orders.indices {
            let lots = sessions[index].orders[position].remaining.lots
            if sessions[index].orders[position].side == .buy {
                context.openBuyLots += lots
            } else {
                context.openSellLots += lots
            }
            if sessions[index].orders[position].isInDoubt { context.blockage = .ownOrdersUnknown }
        }
        if let collar = sessions[index].configuration.limits.priceCollarTrillionths {
            (context.highestBuy, context.lowestSell) = collarBounds(collar)
        }
        for other in sessions.indices { context.accountOrders += sessions[other].orders.count }
        if sessions[index].configuration.limits.preventsOwnCross { findOwnTouch(&context) }
        return context
    }

    /// The dearest buy and the cheapest sell: the mid plus and minus a fraction in 10⁻¹², within it.
    private func collarBounds(_ fraction: Int64) -> (highestBuy: Int64, lowestSell: Int64) {
        // A mid is below 2⁴², a fraction at most 10¹²: the products fit 128 bits and the quotients 64.
        let trillion: UInt64 = 1_000_000_000_000
        let mid = UInt64(max(0, lastDoubleMid))
        let high = (2 * trillion).dividingFullWidth(mid.multipliedFullWidth(by: trillion + UInt64(fraction)))
        let low = (2 * trillion).dividingFullWidth(mid.multipliedFullWidth(by: trillion - UInt64(fraction)))
        return (Int64(high.quotient), Int64(low.quotient) + (low.remainder == 0 ? 0 : 1))
    }

    /// Best prices among the live orders of all sessions.
    private func findOwnTouch(_ context: inout RiskGate.Context) {
        for index in sessions.indices {
            for position in sessions[index].orders.indices {
                let ticks = sessions[index].orders[position].price.ticks
                if sessions[index].orders[position].side == .buy {
                    context.ownBestBid = max(context.ownBestBid, ticks)
                } else {
                    context.ownBestAsk = min(context.ownBestAsk, ticks)
                }
            }
        }
    }

    /// Sends a cancel, or remembers that one is wanted while it must wait: for the account's budget, or because others
    /// were in vain.
    mutating func cancel(_ index: Int, _ position: Int, _ now: Timestamp) {
        var retry = sessions[index].orders[position].cancelNotBefore
        if retry <= now, health.budget?.takeCancel(at: now) == false {
            retry = now.advanced(byNanoseconds: 100 * Nanoseconds.perMillisecond)
        }
        if retry > now {
            sessions[index].orders[position].cancelIsWanted = true
            sessions[index].orders[position].answerDueAt = retry
            sessions[index].nextAnswerDue = min(sessions[index].nextAnswerDue, retry)
            return
        }
        guard sessions[index].orders[position].apply(.cancelSent) else { return }
        let due = now.advanced(byNanoseconds: sessions[index].configuration.limits.answerTimeoutNanoseconds)
        sessions[index].orders[position].cancelIsWanted = false
        sessions[index].orders[position].queries = 0
        sessions[index].orders[position].answerDueAt = due
        sessions[index].nextAnswerDue = min(sessions[index].nextAnswerDue, due)
        sessions[index].cancelCount += 1
        actions.append(.cancel(sessions[index].orders[position].id))
    }

    /// A cancel was in vain: the order rests still. Sends another, from the second on after a wait that doubles from a
    /// quarter of a second to about a minute, so that an exchange that will not cancel is not flooded.
    mutating func cancelFailed(_ index: Int, _ position: Int, _ now: Timestamp) {
        let failed = sessions[index].orders[position].failedCancels
        sessions[index].orders[position].failedCancels = failed + 1
        if failed > 0 {
            let wait = 250 * Nanoseconds.perMillisecond << Int64(min(failed - 1, 8))
            sessions[index].orders[position].cancelNotBefore = now.advanced(byNanoseconds: wait)
        }
        cancel(index, position, now)
    }

    /// Takes every live order of a session off the book, acknowledged or not.
    mutating func pull(_ index: Int, _ now: Timestamp) {
        for position in sessions[index].orders.indices where !sessions[index].orders[position].isLeaving {
            cancel(index, position, now)
        }
    }
}
