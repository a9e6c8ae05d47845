import TradingCore

/// Prices that quotes must stay off, in ticks: bids below ``buy``, asks above ``sell``.
struct QuoteLimits: Sendable {
    var buy = Int64.max
    var sell: Int64 = 0

    subscript(side: Side) -> Int64 {
        get { side == .buy ? buy : sell }
        set { if side == .buy { buy = newValue } else { sell = newValue } }
    }

    /// Quotes of the other side must not touch an order of `side` at `price`.
    mutating func stayOff(_ price: Price, of side: Side) {
        if side == .buy { sell = max(sell, price.ticks) } else { buy = min(buy, price.ticks) }
    }

    /// The price itself, or the nearest acceptable one off the limit, away from the other side.
    func held(_ price: Price, _ side: Side, _ rules: OrderRules) -> Price {
        let limit = self[side]
        if side == .buy { return price.ticks < limit ? price : rules.rounded(Price(ticks: limit - 1), for: .buy) }
        return price.ticks > limit ? price : rules.rounded(Price(ticks: limit + 1), for: .sell)
    }
}
