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
        isUnsettled = true
        switch record.kind {
        case .level, .snapshot: if !isRebuilding { levelChanged(record) }
        case .trade:
            unmatched?.traded(
                record.side.opposite, record.price.ticks, record.quantity.lots, at: record.time.nanoseconds)
            fillResting(record.side.opposite, by: record, balances: &balances)
        case .top: topChanged(record)
        case .topCleared: remeasure(at: record.time.nanoseconds)
        case .gap, .reset, .heartbeat: break
        }
        if record.isLast { endMessage(at: record.time, balances: &balances) }
    }

    private mutating func endMessage(at time: Timestamp, balances: inout PaperBalances) {
        if isRebuilding {
            isRebuilding = false
            remeasure(at: time.nanoseconds)
        }
        settleQueues(now: time.nanoseconds)
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
        let (ticks, lots, now) = (record.price.ticks, record.quantity.lots, record.time.nanoseconds)
        if record.side == .buy {
            // While a newer top is known, levels at or better than it tell nothing new.
            if book.bids.isCovered(ticks) { return }
            consumed.levelChanged(.buy, ticks, to: lots)
            guard let best = bids.first, ticks <= best.ticks else { return }
            let available = lots - consumed.lots(.buy, ticks)
            for index in bids.indices where bids[index].ticks == ticks {
                bids[index].queue.levelChanged(to: lots, available: available, at: now)
            }
        } else {
            if book.asks.isCovered(ticks) { return }
            consumed.levelChanged(.sell, ticks, to: lots)
            guard let best = asks.first, ticks >= best.ticks else { return }
            let available = lots - consumed.lots(.sell, ticks)
            for index in asks.indices where asks[index].ticks == ticks {
                asks[index].queue.levelChanged(to: lots, available: available, at: now)
            }
        }
    }

    /// The newest best price says what is at it, and that nothing is better.
    private mutating func topChanged(_ record: MarketRecord) {
        let (ticks, now) = (record.price.ticks, record.time.nanoseconds)
        consumed.topChanged(record.side, ticks, to: record.quantity.lots)
        if record.side == .buy {
            for index in bids.indices {
                if bids[index].ticks < ticks { break }
                remeasureBid(index, at: now)
            }
        } else {
            for index in asks.indices {
                if asks[index].ticks > ticks { break }
                remeasureAsk(index, at: now)
            }
        }
    }

    // MARK: - Measuring against the whole book

    /// The visible book is another one than before: a snapshot after a gap, or the levels without the top that hid them.
    private mutating func remeasure(at now: Int64) {
        consumed.limit(to: book)
        for index in bids.indices { remeasureBid(index, at: now) }
        for index in asks.indices { remeasureAsk(index, at: now) }
    }

    private mutating func remeasureBid(_ index: Int, at now: Int64) {
        let ticks = bids[index].ticks
        let (lots, available) = (book.lots(.buy, at: ticks), availableLots(.buy, ticks))
        bids[index].queue.levelChanged(to: lots, available: available, at: now)
    }

    private mutating func remeasureAsk(_ index: Int, at now: Int64) {
        let ticks = asks[index].ticks
        let (lots, available) = (book.lots(.sell, at: ticks), availableLots(.sell, ticks))
        asks[index].queue.levelChanged(to: lots, available: available, at: now)
    }

    private mutating func settleQueues(now: Int64) {
        let (model, window) = (configuration.queueModel, configuration.reportWindowNanoseconds)
        isUnsettled = false
        for index in bids.indices where !bids[index].queue.isSettled {
            bids[index].queue.settle(model, window: window, now: now)
            if index > 0, bids[index - 1].ticks == bids[index].ticks {
                bids[index].queue.stay(behind: bids[index - 1].queue)
            }
            isUnsettled = isUnsettled || !bids[index].queue.isSettled
        }
        for index in asks.indices where !asks[index].queue.isSettled {
            asks[index].queue.settle(model, window: window, now: now)
            if index > 0, asks[index - 1].ticks == asks[index].ticks {
                asks[index].queue.stay(behind: asks[index - 1].queue)
            }
            isUnsettled = isUnsettled || !asks[index].queue.isSettled
        }
    }

    // MARK: - Drops that orders still to come must know of

    @inline(never)
    mutating func noteDrop(_ record: MarketRecord, _ before: Int64) {
        let (side, ticks, lots) = (record.side, record.price.ticks, record.quantity.lots)
        guard before > lots, isOpen, !(side == .buy ? book.bids.isCovered(ticks) : book.asks.isCovered(ticks))
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
