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
            sessions[index].refusals[blockage, default: 0] += 1
            pull(index, now)
            // An untrusted market is not asked again: its recovery is an event.
            sessions[index].nextDecision =
                health.marketIsTrusted ? now.advanced(byNanoseconds: Nanoseconds.perSecond) : .distantFuture
            return
        }
        if let mid = book.doubleMid { lastDoubleMid = mid }
        if killOnLoss(index, book, now) { return }
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

    /// Quotes do not outlive the data they were made from, however rarely the strategy decides.
    mutating func checkStaleness(_ index: Int, _ now: Timestamp) {
        guard let age = sessions[index].configuration.limits.maximumDataAgeNanoseconds, !sessions[index].orders.isEmpty
        else {
            sessions[index].nextStaleCheck = .distantFuture
            return
        }
        let due = health.lastMarketData.advanced(byNanoseconds: age)
        if now > due {
            sessions[index].refusals[.stalePublicData, default: 0] += 1
            pull(index, now)
        }
        sessions[index].nextStaleCheck = max(due, now).advanced(byNanoseconds: 1)
        if now > due { sessions[index].nextStaleCheck = now.advanced(byNanoseconds: max(age, Nanoseconds.perMillisecond)) }
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
        let profit = sessions[index].account.profit(doubleMark: mark, unit: instrument.unit)
        guard let reason = sessions[index].killSwitch.judge(profit: profit) else { return false }
        halt(index, reason, now)
        return true
    }

    mutating func halt(_ index: Int, _ reason: HaltReason, _ now: Timestamp) {
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
        satisfied.removeAll(keepingCapacity: true)
        for _ in 0..<quoteCount { satisfied.append(false) }
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
        if wanted.hanging.contains(order.id) { return }
        let quote = wanted.quotes.firstIndex { $0.level == order.level && $0.side == order.side }
        let isLeaving = order.status == .cancelling || order.cancelIsWanted
        if !isLeaving, let quote, serves(order, wanted.quotes[quote], tolerance, now) {
            satisfied[quote] = true
            return
        }
        // An order that nobody has acknowledged cannot be cancelled yet: its slot waits for it.
        let isUnanswered = order.status == .pending || order.status == .unknown
        if !isLeaving, !isUnanswered { cancel(index, position, now) }
        if let quote, isUnanswered || !tolerance.overlapsReplacement {
            satisfied[quote] = true
            sessions[index].awaitsCancel = true
        }
    }

    /// Whether an order may keep its place in the queue for a wanted quote. A partly filled one may until less than half
    /// of the quantity is left.
    private func serves(_ order: TrackedOrder, _ quote: Quote, _ tolerance: QuoteTolerance, _ now: Timestamp) -> Bool {
        guard order.isPostOnly == quote.isPostOnly, tolerance.accepts(order.price, for: quote.price) else { return false }
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
            if sessions[index].nextStaleCheck == .distantFuture, let age = sessions[index].configuration.limits.maximumDataAgeNanoseconds
            {
                sessions[index].nextStaleCheck = health.lastMarketData.advanced(byNanoseconds: age + 1)
            }
            actions.append(.place(approved))
        }
    }

    private func riskContext(_ index: Int, _ now: Timestamp) -> RiskGate.Context {
        var context = RiskGate.Context(
            state: state(index), blockage: nil, highestBuy: .max, lowestSell: 0,
            positionLots: sessions[index].account.position.lots, openBuyLots: 0, openSellLots: 0,
            openOrders: sessions[index].orders.count,
            freeBase: sessions[index].base - sessions[index].reservedBase,
            freeQuote: sessions[index].quote - sessions[index].reservedQuote, ownBestBid: 0, ownBestAsk: .max, now: now)
        for position in sessions[index].orders.indices {
            let lots = sessions[index].orders[position].remaining.lots
            if sessions[index].orders[position].side == .buy {
                context.openBuyLots += lots
            } else {
                context.openSellLots += lots
            }
            if sessions[index].orders[position].status == .unknown { context.blockage = .ownOrdersUnknown }
        }
        if let collar = sessions[index].configuration.limits.priceCollarTrillionths {
            context.highestBuy = scaled(1_000_000_000_000 + collar)
            context.lowestSell = scaled(1_000_000_000_000 - collar)
        }
        if sessions[index].configuration.limits.preventsOwnCross { findOwnTouch(&context) }
        return context
    }

    /// The mid times a fraction in 10⁻¹², in ticks.
    private func scaled(_ fraction: Int64) -> Int64 {
        Int64(Int128(lastDoubleMid) * Int128(fraction) / 2_000_000_000_000)
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

    /// Sends a cancel, or remembers that one is wanted when the account's budget is used up.
    mutating func cancel(_ index: Int, _ position: Int, _ now: Timestamp) {
        if health.budget?.takeCancel(at: now) == false {
            sessions[index].orders[position].cancelIsWanted = true
            let retry = now.advanced(byNanoseconds: 100 * Nanoseconds.perMillisecond)
            sessions[index].orders[position].answerDueAt = retry
            sessions[index].nextAnswerDue = min(sessions[index].nextAnswerDue, retry)
            return
        }
        guard sessions[index].orders[position].apply(.cancelSent) else { return }
        let due = now.advanced(byNanoseconds: sessions[index].configuration.limits.answerTimeoutNanoseconds)
        sessions[index].orders[position].cancelIsWanted = false
        sessions[index].orders[position].answerDueAt = due
        sessions[index].nextAnswerDue = min(sessions[index].nextAnswerDue, due)
        sessions[index].cancelCount += 1
        actions.append(.cancel(sessions[index].orders[position].id))
    }

    /// Takes every live order of a session off the book, acknowledged or not.
    mutating func pull(_ index: Int, _ now: Timestamp) {
        for position in sessions[index].orders.indices where sessions[index].orders[position].status != .cancelling {
            cancel(index, position, now)
        }
    }
}
