import TradingCore

/// Orders left to wait after the other order of their pair has been filled.
struct HangingOrders: Sendable {
    /// More than this are not kept waiting: the oldest is given up.
    static let limit = 50

    private(set) var ids: [ClientOrderID] = []

    /// An order of ours was filled whole: the newest one opposite it at the same level hangs from now on. A hanging order
    /// that is filled ends its pair and begins none.
    /// - Parameter live: oldest first.
    mutating func pairFilled(_ order: OwnOrder, _ live: [OwnOrder]) {
        if let index = ids.firstIndex(of: order.id) {
            ids.remove(at: index)
            return
        }
        let isPair = { (pair: OwnOrder) in pair.side != order.side && pair.level == order.level }
        guard let pair = live.last(where: { isPair($0) && !ids.contains($0.id) }) else { return }
        ids.append(pair.id)
        if ids.count > HangingOrders.limit { ids.removeFirst() }
    }

    /// Forgets what is no longer live, and what the market has left behind.
    mutating func drop(_ live: [OwnOrder], furtherFrom reference: ReferencePrice, than trillionths: Int64) {
        guard !ids.isEmpty else { return }
        ids.removeAll { id in
            guard let order = live.first(where: { $0.id == id }) else { return true }
            return reference.isFurther(from: ReferencePrice(order.price), thanTrillionths: trillionths)
        }
    }

    /// The funds of a session that hanging orders do not hold.
    func leaves(_ situation: borrowing Situation, _ unit: BookUnit) -> Funds {
        var funds = Funds(base: situation.base.raw, quote: situation.quote.raw)
        guard !ids.isEmpty else { return funds }
        for order in situation.ownOrders where ids.contains(order.id) {
            if order.side == .buy {
                funds.quote -= unit.notional(order.price, order.remaining).raw
            } else {
                funds.base -= unit.decimal(order.remaining).raw
            }
        }
        return funds
    }

    /// What new quotes must stay off so that they do not trade with hanging orders: bids below, asks above.
    func limits(_ live: [OwnOrder]) -> QuoteLimits {
        var limits = QuoteLimits()
        guard !ids.isEmpty else { return limits }
        for order in live where ids.contains(order.id) { limits.stayOff(order.price, of: order.side) }
        return limits
    }
}

/// What a ladder may spend, as raw 10⁻¹⁸ counts.
struct Funds {
    var base: Int128
    var quote: Int128
}
