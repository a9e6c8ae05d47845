import Strategies
import TradingCore

/// From a strategy's wishes to the fewest cancels and places.
extension ExecutionEngine {
    mutating func decide(_ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) {
        guard table[index].phase == .running, state(index) != .halted, !table[index].keepsOrders else {
            table[index].nextDecision = .distantFuture
            return
        }
        if let blockage = health.blockage(table[index].dataLimits, at: now) {
            if awaitsFirstData(index, now) {
                table[index].nextDecision = table[index].awaitsFirstDataUntil
                return
            }
            // Before the first data there is nothing to refuse.
            if health.lastMarketData != .distantPast { table[index].count(blockage) }
            pull(index, now)
            // An untrusted market is not asked again: its recovery is an event.
            table[index].nextDecision =
                health.marketIsTrusted ? now.advanced(byNanoseconds: Nanoseconds.perSecond) : .distantFuture
            return
        }
        if let mid = book.doubleMid { lastDoubleMid = mid }
        if killOnLoss(index, book, now) { return }
        keepReducing(index, now)
        let situation = self.situation(index, now)
        wanted.removeAll()
        let decision = table[index].strategy.decide(book, situation, into: &wanted)
        table[index].nextDecision = max(decision.next, now.advanced(byNanoseconds: 1))
        table[index].awaitsCancel = false
        switch decision {
        case .keep: return
        case .hold(let reason, _):
            table[index].lastHold = reason
            pull(index, now, isUrgent: false)
        case .quote:
            table[index].lastHold = nil
            if state(index) == .reducing { clipToPosition(index) }
            restate(index, now)
        }
    }

    /// Quotes outlive neither the data they were made from nor a loss, however rarely the strategy decides.
    mutating func checkHealth(_ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) {
        table[index].nextHealthCheck = .distantFuture
        guard !table[index].live.isEmpty, state(index) != .halted, !table[index].keepsOrders else { return }
        if let blockage = health.blockage(table[index].dataLimits, at: now) {
            if awaitsFirstData(index, now) {
                table[index].nextHealthCheck = table[index].awaitsFirstDataUntil
                return
            }
            if table[index].live.contains(where: { !$0.isLeaving }) {
                table[index].count(blockage)
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
        health.lastMarketData == .distantPast && now < table[index].awaitsFirstDataUntil
    }

    /// Within a second, and as soon as data may have become too old.
    private mutating func scheduleHealthCheck(_ index: Int, _ now: Timestamp) {
        let limits = table[index].dataLimits
        var next = now.advanced(byNanoseconds: Nanoseconds.perSecond)
        func look(_ age: Int64, since last: Timestamp) {
            guard age < .max else { return }
            let tooOld = last.advanced(byNanoseconds: age).advanced(byNanoseconds: 1)
            if tooOld > now { next = min(next, tooOld) }
        }
        look(limits.marketAge, since: health.lastMarketData)
        look(limits.accountAge, since: health.lastAccountData)
        table[index].nextHealthCheck = min(table[index].nextHealthCheck, next)
    }

    func situation(_ index: Int, _ now: Timestamp) -> Situation {
        Situation(
            now: now, base: FixedDecimal(raw: table[index].base), quote: FixedDecimal(raw: table[index].quote),
            position: table[index].account.position, lastTradePrice: lastTradePrice, externalPrice: externalPrice,
            bookShowsOwnOrders: bookShowsOwnOrders,
            ownOrders: table[index].readsOwnOrders ? table[index].ownOrders : [])
    }

    /// - Returns: true when the session was halted.
    private mutating func killOnLoss(_ index: Int, _ book: borrowing OrderBook, _ now: Timestamp) -> Bool {
        guard table[index].killSwitch.watchesProfit else { return false }
        let position = table[index].account.position.lots
        let exit = book.bestTicks(position > 0 ? .buy : .sell)
        let mark = exit == 0 || exit == .max ? lastDoubleMid : 2 * exit
        // With no price at all there is nothing to judge by.
        guard mark > 0 else { return false }
        let profit = table[index].account.profit(doubleMark: mark, unit: instrument.unit)
        let countsAnew = table[index].killSwitch.bestProfit == nil
        guard let reason = table[index].killSwitch.judge(profit: profit) else {
            if countsAnew { actions.append(.alert(.drawdownCountsAnew(table[index].id))) }
            return false
        }
        halt(index, reason, now)
        return true
    }

    mutating func halt(_ index: Int, _ reason: HaltReason, _ now: Timestamp) {
        guard table[index].state != .halted else { return }
        table[index].state = .halted
        table[index].haltReason = reason
        table[index].ownHalt = OwnHalt(reason: reason, at: now)
        actions.append(.alert(.halted(table[index].id, reason)))
        pull(index, now)
    }

    // MARK: - The difference

    /// Keeps every live order that still serves a wanted quote, cancels the others, places what is missing.
    private mutating func restate(_ index: Int, _ now: Timestamp) {
        let tolerance = table[index].configuration.tolerance
        let quoteCount = wanted.quotes.count
        while satisfied.count < quoteCount { satisfied.append(false) }
        for quote in 0..<quoteCount { satisfied[quote] = false }
        var order = 0
        while order < table[index].live.count {
            compare(index, order, tolerance, now)
            order += 1
        }
        for quote in 0..<quoteCount where !satisfied[quote] {
            place(index, wanted.quotes[quote], now)
        }
    }

    /// Decides what happens to one live order, and which wanted quote must not be placed because of it.
    private mutating func compare(_ index: Int, _ position: Int, _ tolerance: QuoteTolerance, _ now: Timestamp) {
        let order = table[index].live[position]
        if !wanted.hanging.isEmpty, wanted.hanging.contains(order.id) { return }
        let quote = wantedIndex(order)
        let isLeaving = order.isLeaving
        if !isLeaving, let quote, serves(order, wanted.quotes[quote], tolerance, now) {
            satisfied[quote] = true
            return
        }
        // An order that nobody has acknowledged cannot be cancelled yet: its slot waits for it.
        let isUnanswered = order.status == .pending || order.status == .unknown
        var stays = isUnanswered || order.cancelIsWanted
        if !isLeaving, !isUnanswered { stays = !cancel(index, position, now) }
        // Nothing may take the place of an order whose cancel has not even gone out.
        if let quote, stays || !tolerance.overlapsReplacement {
            satisfied[quote] = true
            table[index].awaitsCancel = true
        }
    }

    /// The wanted quote of an order's slot, if any.
    @inline(__always)
    private func wantedIndex(_ order: TrackedOrder) -> Int? {
        for index in wanted.quotes.indices
        where wanted.quotes[index].level == order.level && wanted.quotes[index].side == order.side {
            return index
        }
        return nil
    }

    /// Whether an order may keep its place in the queue for a wanted quote. A partly filled one may until less than half
    /// of the quantity is left.
    @inline(__always)
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
        guard let id = table[index].ids.next() else {
            table[index].count(.orderIDsExhausted)
            // Told and stored, for it will never quote again.
            halt(index, .orderIDsExhausted, now)
            return
        }
        let request = OrderRequest(
            id: id, side: quote.side, isPostOnly: quote.isPostOnly, price: quote.price, quantity: quote.quantity)
        if now < table[index].placesNotBefore {
            keepBack(index, id, .exchangeUnavailable, now)
            return
        }
        if table[index].budget?.hasOrder(at: now) == false {
            keepBack(index, id, .orderBudget, now)
            return
        }
        let context = riskContext(index, request, now)
        switch table.gates[index].judge(request, context, budget: &health.budget) {
        case .failure(let refusal): keepBack(index, id, refusal, now)
        case .success(let approved):
            _ = table[index].budget?.takeOrder(at: now)
            let due = now.advanced(byNanoseconds: table[index].configuration.limits.answerTimeoutNanoseconds)
            table[index].reserve(quote.side, quote.price, quote.quantity.lots, instrument.unit)
            table[index].live.append(
                TrackedOrder(
                    id: id, side: quote.side, level: quote.level, price: quote.price, quantity: quote.quantity,
                    isPostOnly: quote.isPostOnly, createdAt: now, answerDueAt: due))
            table[index].nextAnswerDue = min(table[index].nextAnswerDue, due)
            table[index].orderCount += 1
            if table[index].nextHealthCheck == .distantFuture { scheduleHealthCheck(index, now) }
            actions.append(.place(approved))
        }
    }

    @inline(never)
    private mutating func keepBack(_ index: Int, _ id: ClientOrderID, _ refusal: RiskRefusal, _ now: Timestamp) {
        table[index].ids.takeBack(id)
        table[index].count(refusal)
        if isPassing(refusal, index) { table[index].awaitsCancel = true }
        if refusal == .exchangeUnavailable {
            table[index].nextDecision = min(table[index].nextDecision, table[index].placesNotBefore)
        }
        if refusal == .orderBudget {
            let next = max(
                health.budget?.nextOrder(after: now) ?? now, table[index].budget?.nextOrder(after: now) ?? now)
            table[index].nextDecision = min(table[index].nextDecision, next)
        }
    }

    /// Whether a refusal may end with orders that are on their way out, or in doubt.
    private func isPassing(_ refusal: RiskRefusal, _ index: Int) -> Bool {
        switch refusal {
        case .insufficientBalance, .ownOrderCross, .positionLimit, .openOrdersLimit, .onlyReducing, .ownOrdersUnknown:
            table[index].live.contains(where: { $0.isLeaving || $0.isInDoubt })
        default: false
        }
    }

    /// What one order of a session is judged against.
    @inline(__always)
    func riskContext(_ index: Int, _ request: OrderRequest, _ now: Timestamp) -> RiskGate.Context {
        var context = RiskGate.Context(
            state: state(index), blockage: nil, highestBuy: .max, lowestSell: 0,
            positionLots: table[index].account.position.lots, openBuyLots: 0, openSellLots: 0,
            openOrders: table[index].live.count, accountOrders: table[index].live.count,
            freeBase: table[index].base - table[index].reservedBase,
            freeQuote: table[index].quote - table[index].reservedQuote, ownBestBid: 0, ownBestAsk: .max, now: now)
        for position in table[index].live.indices {
            let order = table[index].live[position]
            if order.side == .buy {
                context.openBuyLots += order.remaining.lots
                context.ownBestBid = max(context.ownBestBid, order.price.ticks)
            } else {
                context.openSellLots += order.remaining.lots
                context.ownBestAsk = min(context.ownBestAsk, order.price.ticks)
            }
            if order.isInDoubt { context.blockage = .ownOrdersUnknown }
        }
        if table.count > 1 { addOthers(than: index, to: &context) }
        if let collar = table[index].configuration.limits.priceCollarTrillionths, isBeyond(collar, request) {
            (context.highestBuy, context.lowestSell) = (0, .max)
        }
        return context
    }

    /// The other sessions' live orders: how many, and their best prices.
    @inline(never)
    private func addOthers(than index: Int, to context: inout RiskGate.Context) {
        for other in table.indices where other != index {
            context.accountOrders += table[other].live.count
            for position in table[other].live.indices {
                let order = table[other].live[position]
                if order.side == .buy {
                    context.ownBestBid = max(context.ownBestBid, order.price.ticks)
                } else {
                    context.ownBestAsk = min(context.ownBestAsk, order.price.ticks)
                }
            }
        }
    }

    /// Whether a buy lies above, or a sell below, the mid by more than a fraction of it in 10⁻¹².
    @inline(__always)
    private func isBeyond(_ fraction: Int64, _ request: OrderRequest) -> Bool {
        // Instead of dividing the bound out, both sides are multiplied: a mid is below 2⁴², a fraction at most 10¹², a
        // price below 2⁶³, so that all products fit 128 bits.
        let trillion: Int128 = 1_000_000_000_000
        let mid = Int128(max(0, lastDoubleMid))
        let price = Int128(request.price.ticks) &* (2 &* trillion)
        return request.side == .buy
            ? price > mid &* (trillion &+ Int128(fraction)) : price < mid &* (trillion &- Int128(fraction))
    }

    /// Sends a cancel, or remembers that one is wanted while it must wait: for the budgets, or because others were in vain.
    /// What takes a session off the market waits for no budget: a halt, a stop, data that went stale.
    /// - Returns: whether the order needs no further cancel: one has been sent, or none can be.
    @discardableResult
    mutating func cancel(_ index: Int, _ position: Int, _ now: Timestamp, isUrgent: Bool = false) -> Bool {
        var retry = table[index].live[position].cancelNotBefore
        if retry <= now, !takeCancel(index, now, isUrgent: isUrgent) {
            retry = now.advanced(byNanoseconds: 100 * Nanoseconds.perMillisecond)
        }
        if retry > now {
            table[index].live[position].wantCancel(at: retry)
            table[index].nextAnswerDue = min(table[index].nextAnswerDue, retry)
            return false
        }
        let due = now.advanced(byNanoseconds: table[index].configuration.limits.answerTimeoutNanoseconds)
        guard let id = table[index].live[position].cancelSent(at: now, answerDueAt: due) else {
            return !table[index].live[position].cancelIsWanted
        }
        table[index].nextAnswerDue = min(table[index].nextAnswerDue, due)
        table[index].cancelCount += 1
        actions.append(.cancel(id))
        return true
    }

    /// Draws a cancel on the account's budget and the session's.
    /// - Returns: false, with nothing used, when it can wait and has to.
    @inline(__always)
    private mutating func takeCancel(_ index: Int, _ now: Timestamp, isUrgent: Bool) -> Bool {
        if health.budget == nil, table[index].budget == nil { return true }
        if isUrgent || table[index].phase != .running || state(index) != .active {
            health.budget?.chargeCancel(at: now)
            table[index].budget?.chargeCancel(at: now)
            return true
        }
        var own = table[index].budget
        guard own?.takeCancel(at: now) != false, health.budget?.takeCancel(at: now) != false else { return false }
        table[index].budget = own
        return true
    }

    /// A cancel was in vain: the order rests still. Sends another, from the second on after a wait that doubles from a
    /// quarter of a second to two, so that an exchange that will not cancel is not flooded, and one that does again need not
    /// be waited for.
    mutating func cancelFailed(_ index: Int, _ position: Int, _ now: Timestamp) {
        let failed = table[index].live[position].failedCancels
        table[index].live[position].failedCancels = failed + 1
        if failed > 0 {
            table[index].live[position].cancelNotBefore = now.advanced(byNanoseconds: Self.cancelWait(failed - 1))
        }
        cancel(index, position, now)
    }

    /// Nobody answered a cancel: another one follows after a wait, unless it is known before what became of the order.
    mutating func cancelLost(_ index: Int, _ position: Int, _ now: Timestamp) {
        let lost = table[index].live[position].lostCancels
        table[index].live[position].lostCancels = lost + 1
        let retry = now.advanced(byNanoseconds: Self.cancelWait(lost))
        table[index].live[position].wantCancel(at: retry)
        table[index].nextAnswerDue = min(table[index].nextAnswerDue, retry)
    }

    private static func cancelWait(_ count: Int32) -> Int64 {
        250 * Nanoseconds.perMillisecond << Int64(min(count, 3))
    }

    /// Takes every live order of a session off the book, acknowledged or not.
    /// - Parameter isUrgent: false where the strategy merely has nothing to quote.
    mutating func pull(_ index: Int, _ now: Timestamp, isUrgent: Bool = true) {
        for position in table[index].live.indices {
            let order = table[index].live[position]
            // One that waits for the budget waits no longer.
            if isUrgent ? order.status != .cancelling : !order.isLeaving {
                cancel(index, position, now, isUrgent: isUrgent)
            }
        }
    }
}
