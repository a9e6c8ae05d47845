import TradingCore

/// Fills of resting orders by the recorded market.
extension MatchingEngine {
    /// A recorded aggressor came upon the side that rests: orders at a better price than the trade's stood first in its
    /// way; at its price the queue advances.
    mutating func fillResting(_ side: Side, by trade: MarketRecord, balances: inout PaperBalances) {
        let isWhole = configuration.fillModel == .whole
        var budget = trade.quantity.lots
        var index = 0
        while index < count(side), budget > 0 || isWhole {
            let order = resting(side, index)
            if side.isBetter(trade.price, than: order.request.price) { return }
            let isBeyond = side.isBetter(order.request.price, than: trade.price)
            let reached =
                side == .buy
                ? MatchingEngine.reachedLots(&bids[index].queue, isBeyond, budget, at: trade.time.nanoseconds, isWhole)
                : MatchingEngine.reachedLots(&asks[index].queue, isBeyond, budget, at: trade.time.nanoseconds, isWhole)
            let lots = isWhole ? (reached > 0 ? order.remaining : 0) : min(reached, order.remaining)
            if lots == 0 {
                index += 1
                continue
            }
            if !isWhole { budget -= lots }
            fillMaker(side, index, lots: lots, at: trade.time, balances: &balances)
            if lots < order.remaining { index += 1 }
        }
    }

    /// The recorded market stands at or beyond resting orders: had they been there, it would have traded with them.
    mutating func fillCrossed(_ side: Side, at time: Timestamp, balances: inout PaperBalances) {
        let opposite = side.opposite
        while count(side) > 0 {
            let order = resting(side, 0)
            let ticks = availableTicks(opposite, from: book.bestTicks(opposite))
            guard ticks != 0, ticks != .max, side.crosses(order.request.price, Price(ticks: ticks)) else { return }
            let lots = min(order.remaining, availableLots(opposite, ticks))
            consumed.add(lots, opposite, ticks)
            fillMaker(side, 0, lots: lots, at: time, balances: &balances)
        }
    }

    /// How many lots of a trade reach an order; with whole fills, whether any does.
    private static func reachedLots(
        _ queue: inout QueuePosition, _ isBeyond: Bool, _ lots: Int64, at now: Int64, _ isWhole: Bool
    ) -> Int64 {
        if isBeyond {
            queue.ahead = 0
            return lots
        }
        if isWhole {
            queue.ahead -= lots
            return queue.ahead < 0 ? 1 : 0
        }
        return queue.volumeTraded(lots, at: now)
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

    /// A better price on `side` reaches the orders resting on the other.
    mutating func fillBestCrossWhole(_ side: Side, at time: Timestamp, balances: inout PaperBalances) {
        let best = book.bestTicks(side)
        guard best != 0, best != .max else { return }
        while count(side.opposite) > 0 {
            let order = resting(side.opposite, 0)
            guard side.crosses(Price(ticks: best), order.request.price) else { return }
            fillMaker(side.opposite, 0, lots: order.remaining, at: time, balances: &balances)
        }
    }
}
