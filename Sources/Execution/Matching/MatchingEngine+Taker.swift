import TradingCore

/// An incoming order trades with what rests: recorded volume and orders of accounts, by price, then time.
extension MatchingEngine {
    /// Trades as much of `taker` as its limit allows.
    /// - Returns: why the remainder must not rest; nil when it may.
    mutating func take(
        _ taker: inout RestingOrder, at now: Timestamp, balances: inout PaperBalances
    ) -> ExpiryReason? {
        if configuration.fillModel == .whole { return takeWhole(&taker, at: now, balances: &balances) }
        if taker.request.timeInForce == .fillOrKill, walk(taker.request, taker.account).lots < taker.remaining {
            return .notFillable
        }
        let opposite = taker.request.side.opposite
        while taker.remaining > 0, let ticks = bestTicks(opposite), reaches(taker.request, ticks) {
            if let expiry = takeLevel(&taker, opposite, ticks, at: now, balances: &balances) { return expiry }
        }
        return nil
    }

    /// One price level: the recorded volume ahead of each resting order, then that order, then the recorded rest.
    private mutating func takeLevel(
        _ taker: inout RestingOrder, _ side: Side, _ ticks: Int64, at now: Timestamp, balances: inout PaperBalances
    ) -> ExpiryReason? {
        var available = availableLots(side, ticks)
        while taker.remaining > 0, count(side) > 0, resting(side, 0).ticks == ticks {
            let maker = resting(side, 0)
            let ahead = min(maker.queue.ahead, available, taker.remaining)
            if ahead > 0 {
                takeRecorded(&taker, side, ticks, lots: ahead, at: now, balances: &balances)
                available -= ahead
                continue
            }
            if maker.account == taker.account, taker.request.selfTradePrevention != .none {
                if let expiry = preventSelfTrade(&taker, side, balances: &balances) { return expiry }
            } else {
                trade(&taker, side, lots: min(taker.remaining, maker.remaining), at: now, balances: &balances)
            }
        }
        let rest = min(available, taker.remaining)
        if rest > 0 { takeRecorded(&taker, side, ticks, lots: rest, at: now, balances: &balances) }
        return nil
    }

    private mutating func takeRecorded(
        _ taker: inout RestingOrder, _ side: Side, _ ticks: Int64, lots: Int64, at now: Timestamp,
        balances: inout PaperBalances
    ) {
        consumed.add(lots, side, ticks)
        if side == .buy {
            for index in bids.indices where bids[index].ticks == ticks { bids[index].queue.consumedAhead(lots) }
        } else {
            for index in asks.indices where asks[index].ticks == ticks { asks[index].queue.consumedAhead(lots) }
        }
        pay(&taker, lots: lots, ticks: ticks, with: PaperBalances.market, balances: &balances)
        reportFill(
            taker.account, taker.request, lots: lots, price: Price(ticks: ticks), .taker, trade: newTradeID(), now,
            balances: &balances)
    }

    /// The taker trades with the first resting order of a side.
    private mutating func trade(
        _ taker: inout RestingOrder, _ side: Side, lots: Int64, at now: Timestamp, balances: inout PaperBalances
    ) {
        let maker = resting(side, 0)
        let id = newTradeID()
        pay(&taker, lots: lots, ticks: maker.ticks, with: maker.account, makerIsLocked: true, balances: &balances)
        reportFill(
            taker.account, taker.request, lots: lots, price: maker.request.price, .taker, trade: id, now,
            balances: &balances)
        reportFill(
            maker.account, maker.request, lots: lots, price: maker.request.price, .maker, trade: id, now,
            balances: &balances)
        reduce(side, 0, by: lots)
    }

    /// Moves both assets of a taker's fill, and frees what a better price than its limit leaves over.
    private mutating func pay(
        _ taker: inout RestingOrder, lots: Int64, ticks: Int64, with counterparty: AccountID,
        makerIsLocked: Bool = false, balances: inout PaperBalances
    ) {
        taker.remaining -= lots
        let (account, cost, amount) = (taker.account, quoteRaw(ticks, lots), baseRaw(lots))
        let isLimit = taker.request.type == .limit
        if taker.request.side == .buy {
            if isLimit {
                balances.unlock(quoteRaw(taker.request.price.ticks, lots), assets.quote, of: account)
            }
            balances.move(cost, assets.quote, from: account, to: counterparty)
            makerIsLocked
                ? balances.moveLocked(amount, assets.base, from: counterparty, to: account)
                : balances.move(amount, assets.base, from: counterparty, to: account)
        } else {
            if isLimit { balances.unlock(amount, assets.base, of: account) }
            balances.move(amount, assets.base, from: account, to: counterparty)
            makerIsLocked
                ? balances.moveLocked(cost, assets.quote, from: counterparty, to: account)
                : balances.move(cost, assets.quote, from: counterparty, to: account)
        }
    }

    /// - Returns: why the taker must end, when it must.
    private mutating func preventSelfTrade(
        _ taker: inout RestingOrder, _ side: Side, balances: inout PaperBalances
    ) -> ExpiryReason? {
        let maker = resting(side, 0)
        switch taker.request.selfTradePrevention {
        case .none: return nil
        case .expireTaker: return .selfTradePrevention
        case .expireMaker:
            expire(Place(side: side, index: 0), .selfTradePrevention, balances: &balances)
            return nil
        case .expireBoth:
            expire(Place(side: side, index: 0), .selfTradePrevention, balances: &balances)
            return .selfTradePrevention
        case .decrement:
            let lots = min(taker.remaining, maker.remaining)
            if taker.request.type == .limit { unlockFunds(taker.request, lots: lots, taker.account, &balances) }
            taker.remaining -= lots
            if lots == maker.remaining {
                expire(Place(side: side, index: 0), .selfTradePrevention, balances: &balances)
            } else {
                unlockFunds(maker.request, lots: lots, maker.account, &balances)
                reduce(side, 0, by: lots)
            }
            if taker.remaining == 0 { report(taker.account, .expired(taker.request.id, .selfTradePrevention)) }
            return nil
        }
    }

    // MARK: - Looking before taking

    /// The best price of a side that anything rests at.
    private func bestTicks(_ side: Side) -> Int64? {
        let recorded = availableTicks(side, from: book.bestTicks(side))
        let own = count(side) > 0 ? resting(side, 0).ticks : nil
        if recorded == 0 || recorded == .max { return own }
        guard let own else { return recorded }
        return side == .buy ? max(own, recorded) : min(own, recorded)
    }

    private func reaches(_ request: OrderRequest, _ ticks: Int64) -> Bool {
        request.type == .market || request.side.crosses(request.price, Price(ticks: ticks))
    }

    /// How much of an order could trade now, and for how much quote. Orders of its own account count only where they
    /// would really trade.
    func walk(_ request: OrderRequest, _ account: AccountID) -> (lots: Int64, cost: Int128) {
        let side = request.side.opposite
        let makers = side == .buy ? bids : asks
        var (lots, cost, next) = (Int64(0), Int128(0), 0)
        var recorded = availableTicks(side, from: book.bestTicks(side))
        while lots < request.quantity.lots {
            let own = next < makers.count ? makers[next].ticks : nil
            let hasRecorded = recorded != 0 && recorded != .max
            guard hasRecorded || own != nil else { break }
            let isOwn = own.map { !hasRecorded || (side == .buy ? $0 > recorded : $0 < recorded) } ?? false
            let ticks = isOwn ? makers[next].ticks : recorded
            guard reaches(request, ticks) else { break }
            var level = Int64(0)
            if isOwn {
                let isBlocked = makers[next].account == account && request.selfTradePrevention != .none
                if isBlocked, request.selfTradePrevention != .expireMaker { break }
                level = isBlocked ? 0 : makers[next].remaining
                next += 1
            } else {
                level = availableLots(side, recorded)
                recorded = availableTicks(side, from: book.nextTicks(side, after: recorded))
            }
            let taken = min(level, request.quantity.lots - lots)
            lots += taken
            cost += quoteRaw(ticks, taken)
        }
        return (lots, cost)
    }

    /// hftbacktest's way: a crossing order fills whole at the best price.
    private mutating func takeWhole(
        _ taker: inout RestingOrder, at now: Timestamp, balances: inout PaperBalances
    ) -> ExpiryReason? {
        let ticks = book.bestTicks(taker.request.side.opposite)
        guard ticks != 0, ticks != .max, reaches(taker.request, ticks) else { return nil }
        let lots = taker.remaining
        pay(&taker, lots: lots, ticks: ticks, with: PaperBalances.market, balances: &balances)
        reportFill(
            taker.account, taker.request, lots: lots, price: Price(ticks: ticks), .taker, trade: newTradeID(), now,
            balances: &balances)
        return nil
    }
}
