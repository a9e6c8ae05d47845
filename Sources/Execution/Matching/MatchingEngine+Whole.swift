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
        for index in orders[record.side].indices where orders[record.side][index].ticks == ticks {
            orders[record.side][index].queue.levelChangedWhole(to: lots)
        }
    }

    /// A better price on `side` reaches the orders resting on the other.
    private mutating func fillBestCrossWhole(_ side: Side, at time: Timestamp, balances: inout PaperBalances) {
        let best = book.bestTicks(side)
        guard best != 0, best != .max else { return }
        let opposite = side.opposite
        while !orders[opposite].isEmpty {
            guard side.crosses(Price(ticks: best), Price(ticks: orders[opposite].best)) else { return }
            fillMaker(opposite, 0, lots: orders[opposite][0].remaining, at: time, balances: &balances)
        }
    }

    private mutating func fillRestingWhole(_ side: Side, by trade: MarketRecord, balances: inout PaperBalances) {
        let lots = trade.quantity.lots
        var index = 0
        while index < orders[side].count {
            let (price, remaining) = (orders[side][index].request.price, orders[side][index].remaining)
            if side.isBetter(trade.price, than: price) { return }
            let isReached =
                side.isBetter(price, than: trade.price)
                || orders[side][index].queue.volumeTradedWhole(lots)
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
