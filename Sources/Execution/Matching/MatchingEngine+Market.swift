import TradingCore

/// What the recorded market does to resting orders and to what has been consumed.
extension MatchingEngine {
    @inline(never)
    mutating func react(to record: MarketRecord, balances: inout PaperBalances) {
        if record.kind == .trade, rules.hasPriceBand { average.add(record) }
        if record.kind == .reset { isRebuilding = true }
        guard isOpen else { return }
        if configuration.fillModel == .whole {
            reactWhole(to: record, balances: &balances)
            return
        }
        switch record.kind {
        case .level, .snapshot: if !isRebuilding { levelChanged(record) }
        case .trade:
            isUnsettled = true
            unmatched?.traded(
                record.side.opposite, record.price.ticks, record.quantity.lots, at: record.time.nanoseconds)
            fillResting(record.side.opposite, by: record, balances: &balances)
        case .top:
            isUnsettled = true
            topChanged(record)
        case .topCleared:
            isUnsettled = true
            remeasure(at: record.time.nanoseconds)
        case .gap, .reset, .heartbeat: break
        }
        if record.isLast, isRebuilding || isUnsettled || isCrossed { endMessage(at: record.time, balances: &balances) }
    }

    /// Whether the recorded market stands at or beyond a resting order.
    @inline(__always)
    var isCrossed: Bool { book.asks.bestTicks <= orders[.buy].best || book.bids.bestTicks >= orders[.sell].best }

    private mutating func endMessage(at time: Timestamp, balances: inout PaperBalances) {
        if isRebuilding {
            isRebuilding = false
            remeasure(at: time.nanoseconds)
        }
        if isUnsettled { settleQueues(now: time.nanoseconds) }
        // What orders of accounts have consumed only moves the market away: what is not crossed without it is not with it.
        guard isCrossed else { return }
        fillCrossed(.buy, at: time, balances: &balances)
        fillCrossed(.sell, at: time, balances: &balances)
    }

    @inline(never)
    mutating func applyRare(_ record: MarketRecord) {
        switch record.kind {
        case .gap: isOpen = false
        case .reset:
            isOpen = true
            unmatched?.removeAll()
        case .top where unmatched != nil:
            applyTop(record)
            return
        default: break
        }
        book.apply(record)
    }

    private mutating func levelChanged(_ record: MarketRecord) {
        let (side, ticks, lots) = (record.side, record.price.ticks, record.quantity.lots)
        // While a newer top is known, levels at or better than it tell nothing new.
        if book[side].isCovered(ticks) { return }
        if consumed.mayHold(ticks) { consumed.levelChanged(side, ticks, to: lots) }
        guard orders[side].mayHold(ticks) else { return }
        let available = consumed.mayHold(ticks) ? lots - consumed.lots(side, ticks) : lots
        for index in orders[side].indices where orders[side][index].ticks == ticks {
            orders[side][index].queue.levelChanged(to: lots, available: available, at: record.time.nanoseconds)
            isUnsettled = true
        }
    }

    /// The newest best price says what is at it, and that nothing is better.
    private mutating func topChanged(_ record: MarketRecord) {
        let (side, ticks) = (record.side, record.price.ticks)
        consumed.topChanged(side, ticks, to: record.quantity.lots)
        for index in orders[side].indices {
            if side.isBetter(record.price, than: orders[side][index].request.price) { break }
            remeasure(side, index, at: record.time.nanoseconds)
        }
    }

    // MARK: - Measuring against the whole book

    /// The visible book is another one than before: a snapshot after a gap, or the levels without the top that hid them.
    private mutating func remeasure(at now: Int64) {
        consumed.limit(to: book)
        for index in orders[.buy].indices { remeasure(.buy, index, at: now) }
        for index in orders[.sell].indices { remeasure(.sell, index, at: now) }
    }

    private mutating func remeasure(_ side: Side, _ index: Int, at now: Int64) {
        let ticks = orders[side][index].ticks
        let (lots, available) = (book.lots(side, at: ticks), availableLots(side, ticks))
        orders[side][index].queue.levelChanged(to: lots, available: available, at: now)
    }

    private mutating func settleQueues(now: Int64) {
        isUnsettled = false
        settleQueues(.buy, now)
        settleQueues(.sell, now)
    }

    @inline(__always)
    private mutating func settleQueues(_ side: Side, _ now: Int64) {
        for index in orders[side].indices where !orders[side][index].queue.isSettled {
            orders[side][index].queue.settle(
                configuration.queueModel, window: configuration.reportWindowNanoseconds, now: now)
            if index > 0, orders[side][index - 1].ticks == orders[side][index].ticks {
                orders[side][index].queue.stay(behind: orders[side][index - 1].queue.ahead)
            }
            isUnsettled = isUnsettled || !orders[side][index].queue.isSettled
        }
    }

    // MARK: - Drops that orders still to come must know of

    @inline(never)
    mutating func noteDrop(_ record: MarketRecord, _ before: Int64) {
        let (side, ticks, lots) = (record.side, record.price.ticks, record.quantity.lots)
        guard before > lots, isOpen, !(book[side].isCovered(ticks))
        else { return }
        unmatched?.levelDropped(side, ticks, by: before - lots, at: record.time.nanoseconds)
    }

    /// What a new top takes from the best level before it is a drop too; a better one tells nothing of that level.
    private mutating func applyTop(_ record: MarketRecord) {
        let ticks = book.bestTicks(record.side)
        let before = book.lots(record.side, at: ticks)
        book.apply(record)
        let now = book.lots(record.side, at: ticks)
        if isOpen, before > now, !record.side.isBetter(record.price, than: Price(ticks: ticks)) {
            unmatched?.levelDropped(record.side, ticks, by: before - now, at: record.time.nanoseconds)
        }
    }
}
