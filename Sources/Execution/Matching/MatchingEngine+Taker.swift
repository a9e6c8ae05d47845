import TradingCore

/// An incoming order trades with what rests: recorded volume and orders of accounts, by price, then time.
extension MatchingEngine {
    /// Trades as much of `taker` as its limit allows.
    /// - Returns: why the remainder must not rest; nil when it may.
    mutating func take(
        _ taker: inout IncomingOrder, at now: Timestamp, balances: inout PaperBalances
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
        _ taker: inout IncomingOrder, _ side: Side, _ ticks: Int64, at now: Timestamp, balances: inout PaperBalances
    ) -> ExpiryReason? {
        var available = availableLots(side, ticks)
        while taker.remaining > 0, orders[side].best == ticks {
            let maker = orders[side][0]
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
        _ taker: inout IncomingOrder, _ side: Side, _ ticks: Int64, lots: Int64, at now: Timestamp,
        balances: inout PaperBalances
    ) {
        consumed.add(lots, side, ticks)
        for index in orders[side].indices where orders[side][index].ticks == ticks {
            orders[side][index].queue.consumedAhead(lots)
        }
        pay(&taker, lots: lots, ticks: ticks, with: PaperBalances.market, balances: &balances)
        reportFill(
            taker.account, taker.request, lots: lots, price: Price(ticks: ticks), .taker, trade: newTradeID(), now,
            balances: &balances)
    }

    /// The taker trades with the first resting order of a side.
    private mutating func trade(
        _ taker: inout IncomingOrder, _ side: Side, lots: Int64, at now: Timestamp, balances: inout PaperBalances
    ) {
        let maker = orders[side][0]
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
    mutating func pay(
        _ taker: inout IncomingOrder, lots: Int64, ticks: Int64, with counterparty: AccountID,
        makerIsLocked: Bool = false, balances: inout PaperBalances
    ) {
        taker.remaining -= lots
        let (account, cost, amount) = (taker.account, quoteRaw(ticks, lots), baseRaw(lots))
        if taker.request.side == .buy {
            let isLimit = taker.request.type == .limit
            release(isLimit ? quoteRaw(taker.request.price.ticks, lots) : cost, of: &taker, balances: &balances)
            balances.move(cost, assets.quote, from: account, to: counterparty)
            makerIsLocked
                ? balances.moveLocked(amount, assets.base, from: counterparty, to: account)
                : balances.move(amount, assets.base, from: counterparty, to: account)
        } else {
            release(amount, of: &taker, balances: &balances)
            balances.move(amount, assets.base, from: account, to: counterparty)
            makerIsLocked
                ? balances.moveLocked(cost, assets.quote, from: counterparty, to: account)
                : balances.move(cost, assets.quote, from: counterparty, to: account)
        }
    }

    /// - Returns: why the taker must end, when it must.
    private mutating func preventSelfTrade(
        _ taker: inout IncomingOrder, _ side: Side, balances: inout PaperBalances
    ) -> ExpiryReason? {
        let maker = orders[side][0]
        note(prevention: taker, maker)
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
            // A market buy was reserved for without these lots.
            if taker.request.type == .limit || taker.request.side == .sell {
                release(reserve(taker.request, lots), of: &taker, balances: &balances)
            }
            taker.remaining -= lots
            taker.prevented += lots
            if lots == maker.remaining {
                expire(Place(side: side, index: 0), .selfTradePrevention, balances: &balances)
            } else {
                unlockFunds(maker.request, lots: lots, maker.account, balances: &balances)
                prevent(side, lots: lots)
            }
            return nil
        }
    }

    // MARK: - Looking before taking

    /// The best price of a side that anything rests at.
    func bestTicks(_ side: Side) -> Int64? {
        nearer(side, availableTicks(side, from: book.bestTicks(side)), orders[side].isEmpty ? nil : orders[side].best)
    }

    func reaches(_ request: OrderRequest, _ ticks: Int64) -> Bool {
        request.type == .market || request.side.crosses(request.price, Price(ticks: ticks))
    }

    /// How much of an order would trade now, and for how much quote: ``take(_:at:balances:)`` step by step, with nothing
    /// done. An FOK order and the funds of a market buy depend on it being exact.
    func walk(_ request: OrderRequest, _ account: AccountID) -> (lots: Int64, cost: Int128) {
        let side = request.side.opposite
        let makers = orders[side].orders
        var walk = Walk(left: request.quantity.lots)
        var next = 0
        var recorded = availableTicks(side, from: book.bestTicks(side))
        while walk.left > 0 {
            let own = next < makers.count ? makers[next].ticks : nil
            guard let ticks = nearer(side, recorded, own), reaches(request, ticks) else { break }
            let value = quoteRaw(ticks, 1)
            var available = ticks == recorded ? availableLots(side, ticks) : 0
            let whole = available
            while walk.left > 0, next < makers.count, makers[next].ticks == ticks {
                let ahead = max(0, makers[next].queue.ahead - (whole - available))
                available -= walk.trade(min(ahead, available), value)
                guard walk.left > 0 else { break }
                let isBlocked = makers[next].account == account && request.selfTradePrevention != .none
                switch request.selfTradePrevention {
                case .expireTaker where isBlocked, .expireBoth where isBlocked: return (walk.lots, walk.cost)
                case .expireMaker where isBlocked: break
                case .decrement where isBlocked: walk.left -= min(walk.left, makers[next].remaining)
                default: walk.trade(makers[next].remaining, value)
                }
                next += 1
            }
            walk.trade(available, value)
            if ticks == recorded { recorded = availableTicks(side, from: book.nextTicks(side, after: recorded)) }
        }
        return (walk.lots, walk.cost)
    }

    private struct Walk {
        var left: Int64
        var lots: Int64 = 0
        var cost: Int128 = 0

        init(left: Int64) {
            self.left = left
        }

        /// - Returns: how many lots traded.
        @discardableResult
        mutating func trade(_ available: Int64, _ value: Int128) -> Int64 {
            let traded = min(available, left)
            left -= traded
            lots += traded
            cost += value * Int128(traded)
            return traded
        }
    }

    private func nearer(_ side: Side, _ recorded: Int64, _ own: Int64?) -> Int64? {
        if recorded == 0 || recorded == .max { return own }
        guard let own else { return recorded }
        return side == .buy ? max(own, recorded) : min(own, recorded)
    }
}
