import TradingCore

/// Fills of resting orders by the recorded market.
extension MatchingEngine {
    /// A recorded seller hit the bids: ours above its price stood first in its way; at its price the queue advances.
    mutating func fillBids(by trade: MarketRecord, balances: inout PaperBalances) {
        var budget = trade.quantity.lots
        var index = 0
        while index < bids.count, budget > 0 || configuration.fillModel == .whole {
            let order = bids[index]
            if order.ticks < trade.price.ticks { return }
            let reached = reachedLots(&bids[index].queue, isBeyond: order.ticks > trade.price.ticks, trade, budget)
            let lots = configuration.fillModel == .whole ? (reached > 0 ? order.remaining : 0) : min(reached, order.remaining)
            if lots > 0 {
                if configuration.fillModel == .recordedVolume { budget -= lots }
                fillMaker(&bids[index], lots: lots, at: trade.time, balances: &balances)
                if bids[index].remaining == 0 {
                    closed(bids[index].account)
                    bids.remove(at: index)
                    continue
                }
            }
            index += 1
        }
    }

    /// The mirror image of ``fillBids(by:balances:)``.
    mutating func fillAsks(by trade: MarketRecord, balances: inout PaperBalances) {
        var budget = trade.quantity.lots
        var index = 0
        while index < asks.count, budget > 0 || configuration.fillModel == .whole {
            let order = asks[index]
            if order.ticks > trade.price.ticks { return }
            let reached = reachedLots(&asks[index].queue, isBeyond: order.ticks < trade.price.ticks, trade, budget)
            let lots = configuration.fillModel == .whole ? (reached > 0 ? order.remaining : 0) : min(reached, order.remaining)
            if lots > 0 {
                if configuration.fillModel == .recordedVolume { budget -= lots }
                fillMaker(&asks[index], lots: lots, at: trade.time, balances: &balances)
                if asks[index].remaining == 0 {
                    closed(asks[index].account)
                    asks.remove(at: index)
                    continue
                }
            }
            index += 1
        }
    }

    /// How many lots of a trade reach an order.
    private func reachedLots(
        _ queue: inout QueuePosition, isBeyond: Bool, _ trade: MarketRecord, _ budget: Int64
    ) -> Int64 {
        if isBeyond {
            queue.ahead = 0
            return budget
        }
        if configuration.fillModel == .whole {
            queue.ahead -= trade.quantity.lots
            return queue.ahead < 0 ? 1 : 0
        }
        return queue.volumeTraded(budget, at: trade.time.nanoseconds)
    }

    /// The recorded market stands at or beyond resting orders: had they been there, it would have traded with them.
    mutating func fillCrossed(at time: Timestamp, balances: inout PaperBalances) {
        while let order = bids.first {
            let ticks = availableTicks(.sell, from: book.asks.bestTicks)
            guard ticks <= order.ticks else { break }
            let lots = min(order.remaining, availableLots(.sell, ticks))
            consumed.add(lots, .sell, ticks)
            fillMaker(&bids[0], lots: lots, at: time, balances: &balances)
            if bids[0].remaining == 0 {
                closed(order.account)
                bids.remove(at: 0)
            }
        }
        while let order = asks.first {
            let ticks = availableTicks(.buy, from: book.bids.bestTicks)
            guard ticks >= order.ticks else { break }
            let lots = min(order.remaining, availableLots(.buy, ticks))
            consumed.add(lots, .buy, ticks)
            fillMaker(&asks[0], lots: lots, at: time, balances: &balances)
            if asks[0].remaining == 0 {
                closed(order.account)
                asks.remove(at: 0)
            }
        }
    }

    /// The first price from `ticks` away from the touch with recorded volume left; the empty marker when there is none.
    func availableTicks(_ side: Side, from ticks: Int64) -> Int64 {
        var ticks = ticks
        guard !consumed.isEmpty else { return ticks }
        while ticks != 0, ticks != .max, availableLots(side, ticks) <= 0 { ticks = book.nextTicks(side, after: ticks) }
        return ticks
    }

    func availableLots(_ side: Side, _ ticks: Int64) -> Int64 {
        max(0, book.lots(side, at: ticks) - consumed.lots(side, ticks))
    }

    // MARK: - Whole fills, as hftbacktest does them

    mutating func advanceWhole(_ record: MarketRecord) {
        let (ticks, lots) = (record.price.ticks, record.quantity.lots)
        if record.side == .buy {
            for index in bids.indices where bids[index].ticks == ticks {
                bids[index].queue.ahead = min(bids[index].queue.ahead, lots)
            }
        } else {
            for index in asks.indices where asks[index].ticks == ticks {
                asks[index].queue.ahead = min(asks[index].queue.ahead, lots)
            }
        }
    }

    mutating func fillBestCrossWhole(_ record: MarketRecord, balances: inout PaperBalances) {
        if record.side == .buy {
            let best = book.bids.bestTicks
            while let order = asks.first, order.ticks <= best {
                fillMaker(&asks[0], lots: order.remaining, at: record.time, balances: &balances)
                closed(order.account)
                asks.remove(at: 0)
            }
        } else {
            let best = book.asks.bestTicks
            while let order = bids.first, order.ticks >= best {
                fillMaker(&bids[0], lots: order.remaining, at: record.time, balances: &balances)
                closed(order.account)
                bids.remove(at: 0)
            }
        }
    }
}
