public import TradingCore

/// Orders come in and go.
extension MatchingEngine {
    /// Takes an order in: checks it, locks its funds, trades what can trade at once, rests or ends the remainder.
    public mutating func submit(
        _ request: OrderRequest, from account: AccountID, at now: Timestamp, balances: inout PaperBalances
    ) {
        if let reason = refusal(of: request, from: account, at: now, balances: balances) {
            report(account, .rejected(request.id, reason))
            return
        }
        let reserved = funds(for: request, account)
        guard balances.lock(reserved, reservedAsset(request.side), of: account) else {
            report(account, .rejected(request.id, .insufficientBalance))
            return
        }
        report(account, .accepted(request.id))
        if request.type == .limit, request.timeInForce == .goodTillCancelled, !wouldTake(request) {
            // Nearly every order of a maker.
            rest(request, from: account, remaining: request.quantity.lots, prevented: 0, at: now)
        } else {
            trade(request, from: account, reserved: reserved, at: now, balances: &balances)
        }
    }

    /// An order that may trade at once does, and its remainder rests or ends.
    @inline(never)
    private mutating func trade(
        _ request: OrderRequest, from account: AccountID, reserved: Int128, at now: Timestamp,
        balances: inout PaperBalances
    ) {
        var taker = IncomingOrder(
            account: account, request: request, remaining: request.quantity.lots, reserved: reserved)
        let expiry = take(&taker, at: now, balances: &balances)
        guard taker.remaining > 0 else {
            if taker.prevented > 0 { report(account, .expired(request.id, .selfTradePrevention)) }
            return
        }
        if expiry == nil, request.type == .limit, request.timeInForce == .goodTillCancelled {
            rest(request, from: account, remaining: taker.remaining, prevented: taker.prevented, at: now)
        } else {
            release(taker.reserved, of: &taker, balances: &balances)
            report(account, .expired(request.id, expiry ?? .immediateRemainder))
        }
    }

    /// Ends an order; one that does not rest is refused as unknown.
    @discardableResult
    public mutating func cancel(
        _ id: ClientOrderID, from account: AccountID, balances: inout PaperBalances
    ) -> Bool {
        guard let place = find(id, account) else {
            report(account, .cancelRejected(id, .unknownOrder))
            return false
        }
        remove(place, balances: &balances)
        report(account, .cancelled(id))
        return true
    }

    /// Ends one order and takes another in, at one moment.
    /// - Parameter requiresCancel: with it, a failed cancel means that nothing is placed.
    public mutating func cancelReplace(
        _ id: ClientOrderID, with request: OrderRequest, requiresCancel: Bool = true, from account: AccountID,
        at now: Timestamp, balances: inout PaperBalances
    ) {
        let cancelled = cancel(id, from: account, balances: &balances)
        guard cancelled || !requiresCancel else {
            report(account, .rejected(request.id, .other))
            return
        }
        submit(request, from: account, at: now, balances: &balances)
    }

    // MARK: - Checks before anything moves

    @inline(__always)
    private func refusal(
        of request: OrderRequest, from account: AccountID, at now: Timestamp, balances: borrowing PaperBalances
    ) -> RejectReason? {
        if !isOpen { return .marketClosed }
        if find(request.id, account) != nil { return .duplicateID }
        if request.isPostOnly, request.type == .market || request.timeInForce != .goodTillCancelled { return .other }
        let reference = request.type == .limit ? request.price.ticks : bestTicks(request.side.opposite)
        let violation =
            request.type == .limit
            ? rules.violation(
                side: request.side, price: request.price, quantity: request.quantity,
                average: rules.hasPriceBand ? average.price(at: now) : nil)
            : rules.marketViolation(quantity: request.quantity, reference: reference.map(Price.init(ticks:)))
        if let violation { return .rule(violation) }
        guard let reference else { return .noLiquidity }
        if !isCountable(request, at: reference) { return .insufficientBalance }
        if openCount(account) >= rules.maximumOpenOrders { return .rule(.openOrders) }
        if let maximum = rules.maximumPosition, exceeds(maximum, request, account, balances) { return .rule(.position) }
        return request.isPostOnly && wouldTake(request) ? .wouldTake : nil
    }

    /// What an order locks before it trades. A market order needs its whole cost before it starts: funds are not found
    /// out half way through a book.
    @inline(__always)
    private func funds(for request: OrderRequest, _ account: AccountID) -> Int128 {
        if request.type == .limit || request.side == .sell { return reserve(request, request.quantity.lots) }
        if configuration.fillModel == .whole { return quoteRaw(book.bestTicks(.sell), request.quantity.lots) }
        return walk(request, account).cost
    }

    @inline(never)
    private func exceeds(
        _ maximum: FixedDecimal, _ request: OrderRequest, _ account: AccountID, _ balances: borrowing PaperBalances
    ) -> Bool {
        guard request.side == .buy else { return false }
        let held = balances.balance(account, assets.base)
        let open = orders[.buy].orders.reduce(Int128(0)) { $0 + ($1.account == account ? baseRaw($1.remaining) : 0) }
        return held.free.raw + held.locked.raw + open + baseRaw(request.quantity.lots) > maximum.raw
    }

    @inline(__always)
    private func wouldTake(_ request: OrderRequest) -> Bool {
        let opposite = request.side.opposite
        // Without orders the best price is one that nothing crosses.
        if request.side.crosses(request.price, Price(ticks: orders[opposite].best)) { return true }
        let ticks = availableTicks(opposite, from: book.bestTicks(opposite))
        return ticks != 0 && ticks != .max && request.side.crosses(request.price, Price(ticks: ticks))
    }

    // MARK: - Resting and leaving

    func openCount(_ account: AccountID) -> Int {
        let index = Int(account.rawValue)
        return index < openOrders.count ? Int(openOrders[index]) : 0
    }

    mutating func closed(_ account: AccountID) {
        openOrders[Int(account.rawValue)] -= 1
    }

    @inline(__always)
    private mutating func rest(
        _ request: OrderRequest, from account: AccountID, remaining: Int64, prevented: Int64, at now: Timestamp
    ) {
        opened(account)
        // Last among its price: every earlier order there has priority.
        let side = request.side
        let index = orders[side].end(of: request.price)
        let order = RestingOrder(
            account: account, request: request, remaining: remaining, prevented: prevented,
            queue: joiningQueue(side, request.price.ticks, index, at: now))
        isUnsettled = isUnsettled || !order.queue.isSettled
        orders[side].insert(order, at: index)
        hasOrders = true
    }

    @inline(__always)
    private mutating func opened(_ account: AccountID) {
        let account = Int(account.rawValue)
        while openOrders.count <= account { openOrders.append(0) }
        openOrders[account] += 1
    }

    /// - Parameter index: where the order will stand among its side's.
    @inline(__always)
    private func joiningQueue(_ side: Side, _ ticks: Int64, _ index: Int, at now: Timestamp) -> QueuePosition {
        let consumed = consumed.isEmpty ? 0 : consumed.lots(side, ticks)
        if index > 0, orders[side][index - 1].ticks == ticks {
            return QueuePosition(behind: orders[side][index - 1].queue, consumed: consumed)
        }
        let level = book.lots(side, at: ticks)
        guard let unmatched else { return QueuePosition(level: level, consumed: consumed) }
        return QueuePosition(
            level: level, consumed: consumed, dropped: unmatched.drops(side, ticks, at: now.nanoseconds),
            traded: unmatched.trades(side, ticks, at: now.nanoseconds))
    }

    @inline(__always)
    private mutating func remove(_ place: Place, balances: inout PaperBalances) {
        let (account, remaining) = (orders[place.side][place.index].account, orders[place.side][place.index].remaining)
        unlockFunds(orders[place.side][place.index].request, lots: remaining, account, balances: &balances)
        drop(place)
    }

    /// The exchange ends a resting order.
    mutating func expire(_ place: Place, _ reason: ExpiryReason, balances: inout PaperBalances) {
        let (account, id) = (orders[place.side][place.index].account, orders[place.side][place.index].request.id)
        remove(place, balances: &balances)
        report(account, .expired(id, reason))
    }
}
