public import TradingCore

/// The book as the exchange shows it: recorded volume that nobody has taken yet, and the orders of accounts.
extension MatchingEngine {
    /// What everybody sees at a price.
    public func shownLots(_ side: Side, at ticks: Int64) -> Int64 {
        var lots = availableLots(side, ticks)
        guard orders[side].mayHold(ticks) else { return lots }
        for index in orders[side].indices where orders[side][index].ticks == ticks {
            let (sum, overflow) = lots.addingReportingOverflow(orders[side][index].remaining)
            lots = overflow ? .max : sum
        }
        return lots
    }

    /// Up to `limit` levels from the touch.
    public func shownLevels(_ side: Side, limit: Int) -> [BookLevel] {
        var levels: [BookLevel] = []
        var recorded = availableTicks(side, from: book.bestTicks(side))
        var next = 0
        while levels.count < limit {
            let own = next < orders[side].count ? orders[side][next].ticks : nil
            let isRecorded = recorded != 0 && recorded != .max
            guard isRecorded || own != nil else { break }
            var ticks = isRecorded ? recorded : own ?? recorded
            if isRecorded, let own, side.isBetter(Price(ticks: own), than: Price(ticks: recorded)) { ticks = own }
            levels.append(BookLevel(price: Price(ticks: ticks), quantity: Quantity(lots: shownLots(side, at: ticks))))
            while next < orders[side].count, orders[side][next].ticks == ticks { next += 1 }
            if recorded == ticks { recorded = availableTicks(side, from: book.nextTicks(side, after: recorded)) }
        }
        return levels
    }

    /// What remains of a resting order; nil when it does not rest.
    public func remaining(of id: ClientOrderID, account: AccountID) -> Quantity? {
        guard let place = find(id, account) else { return nil }
        return Quantity(lots: orders[place.side][place.index].remaining)
    }

    /// Lets the market trade with a resting order whatever the feed says: for exchanges that misbehave on demand.
    /// - Returns: false, with nothing done, when no such order rests or `lots` is not above 0.
    @discardableResult
    public mutating func fill(
        _ id: ClientOrderID, of account: AccountID, lots: Int64, at now: Timestamp, balances: inout PaperBalances
    ) -> Bool {
        guard lots > 0, let place = find(id, account) else { return false }
        let remaining = orders[place.side][place.index].remaining
        fillMaker(place.side, place.index, lots: min(lots, remaining), at: now, balances: &balances)
        return true
    }

    /// Makes a resting order smaller; it keeps its place in the queue.
    /// - Parameter remaining: what is to remain of it, above 0 and less than now.
    /// - Returns: false, with nothing done, when no such order rests or it would not get smaller.
    @discardableResult
    public mutating func shrink(
        _ id: ClientOrderID, of account: AccountID, to remaining: Quantity, balances: inout PaperBalances
    ) -> Bool {
        guard remaining.lots > 0, let place = find(id, account) else { return false }
        let order = orders[place.side][place.index]
        guard remaining.lots < order.remaining else { return false }
        unlockFunds(order.request, lots: order.remaining - remaining.lots, account, balances: &balances)
        orders[place.side][place.index].remaining = remaining.lots
        return true
    }
}
