import TradingCore

/// Fills of resting orders by the recorded market.
extension MatchingEngine {
    /// A recorded aggressor came upon the side that rests: orders at a better price than the trade's stood first in its
    /// way; at its price the queue advances.
    mutating func fillResting(_ side: Side, by trade: MarketRecord, balances: inout PaperBalances) {
        var budget = trade.quantity.lots
        var index = 0
        // Also with nothing left of the trade: orders behind at its price must know that the coming drop is a trade.
        while index < orders[side].count {
            let (price, remaining) = (orders[side][index].request.price, orders[side][index].remaining)
            if side.isBetter(trade.price, than: price) { return }
            let isBeyond = side.isBetter(price, than: trade.price)
            let reached = MatchingEngine.reachedLots(&orders[side][index].queue, isBeyond, trade, left: budget)
            let lots = min(reached, remaining)
            if lots > 0 {
                budget -= lots
                fillMaker(side, index, lots: lots, at: trade.time, balances: &balances)
            }
            if lots < remaining { index += 1 }
        }
    }

    /// The recorded market stands at or beyond resting orders: had they been there, it would have traded with them.
    mutating func fillCrossed(_ side: Side, at time: Timestamp, balances: inout PaperBalances) {
        let opposite = side.opposite
        while !orders[side].isEmpty {
            let price = Price(ticks: orders[side].best)
            let ticks = availableTicks(opposite, from: book.bestTicks(opposite))
            guard ticks != 0, ticks != .max, side.crosses(price, Price(ticks: ticks)) else { return }
            let lots = min(orders[side][0].remaining, availableLots(opposite, ticks))
            consumed.add(lots, opposite, ticks)
            fillMaker(side, 0, lots: lots, at: time, balances: &balances)
        }
    }

    /// How many lots of what is left of a trade reach an order.
    private static func reachedLots(
        _ queue: inout QueuePosition, _ isBeyond: Bool, _ trade: MarketRecord, left: Int64
    ) -> Int64 {
        if isBeyond {
            queue.passed()
            return left
        }
        return queue.volumeTraded(trade.quantity.lots, reaching: left, at: trade.time.nanoseconds)
    }

    /// The first price from `ticks` away from the touch with recorded volume left; the empty marker when there is none.
    @inline(__always)
    func availableTicks(_ side: Side, from ticks: Int64) -> Int64 {
        consumed.isEmpty ? ticks : unconsumedTicks(side, from: ticks)
    }

    @inline(never)
    private func unconsumedTicks(_ side: Side, from ticks: Int64) -> Int64 {
        var ticks = ticks
        while ticks != 0, ticks != .max, availableLots(side, ticks) <= 0 { ticks = book.nextTicks(side, after: ticks) }
        return ticks
    }

    func availableLots(_ side: Side, _ ticks: Int64) -> Int64 {
        max(0, book.lots(side, at: ticks) - consumed.lots(side, ticks))
    }
}
