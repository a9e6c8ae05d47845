import TradingCore

/// ``FillModel/whole``: fills as hftbacktest's `no_partial_fill_exchange` with its risk-averse queue does them, record by
/// record. Orders of accounts neither meet each other nor consume anything.
extension MatchingEngine {
    mutating func reactWhole(to record: MarketRecord, balances: inout PaperBalances) {
        switch record.kind {
        case .level, .snapshot:
            advanceWhole(record)
            fillBestCrossWhole(record.side, at: record.time, balances: &balances)
        case .trade: fillRestingWhole(record.side.opposite, by: record, balances: &balances)
        case .top, .topCleared, .gap, .reset, .heartbeat: break
        }
    }

    private mutating func advanceWhole(_ record: MarketRecord) {
        let (ticks, lots) = (record.price.ticks, record.quantity.lots)
        if record.side == .buy {
            for index in bids.indices where bids[index].ticks == ticks { bids[index].queue.levelChangedWhole(to: lots) }
        } else {
            for index in asks.indices where asks[index].ticks == ticks { asks[index].queue.levelChangedWhole(to: lots) }
        }
    }

    /// A better price on `side` reaches the orders resting on the other.
    private mutating func fillBestCrossWhole(_ side: Side, at time: Timestamp, balances: inout PaperBalances) {
        let best = book.bestTicks(side)
        guard best != 0, best != .max else { return }
        while count(side.opposite) > 0 {
            let order = resting(side.opposite, 0)
            guard side.crosses(Price(ticks: best), order.request.price) else { return }
            fillMaker(side.opposite, 0, lots: order.remaining, at: time, balances: &balances)
        }
    }

    private mutating func fillRestingWhole(_ side: Side, by trade: MarketRecord, balances: inout PaperBalances) {
        let lots = trade.quantity.lots
        var index = 0
        while index < count(side) {
            let (price, remaining) = (resting(side, index).request.price, resting(side, index).remaining)
            if side.isBetter(trade.price, than: price) { return }
            let isReached =
                side.isBetter(price, than: trade.price)
                || (side == .buy
                    ? bids[index].queue.volumeTradedWhole(lots) : asks[index].queue.volumeTradedWhole(lots))
            if isReached {
                fillMaker(side, index, lots: remaining, at: trade.time, balances: &balances)
            } else {
                index += 1
            }
        }
    }

    /// hftbacktest's way: a crossing order fills whole at the best price.
    mutating func takeWhole(
        _ taker: inout IncomingOrder, at now: Timestamp, balances: inout PaperBalances
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
