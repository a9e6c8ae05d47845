public import TradingCore

/// Two orders of one account that would have traded with each other, and what self-trade prevention took off them instead.
public struct PreventedTrade: Hashable, Sendable {
    public var account: AccountID
    public var taker: ClientOrderID
    public var maker: ClientOrderID
    public var price: Price
    /// Lots taken off the order that came in; 0 where it goes on.
    public var takerLots: Int64
    /// Lots taken off the order that rested; 0 where it stays.
    public var makerLots: Int64
    /// How many reports stood before it, so that a driver can tell things in their order.
    public var reportCount: Int
}

extension MatchingEngine {
    /// Notes what a prevention takes off, for drivers that tell of it.
    mutating func note(prevention taker: IncomingOrder, _ maker: RestingOrder) {
        guard configuration.notesPreventions else { return }
        var prevented = PreventedTrade(
            account: taker.account, taker: taker.request.id, maker: maker.request.id, price: maker.request.price,
            takerLots: 0, makerLots: 0, reportCount: reports.count)
        switch taker.request.selfTradePrevention {
        case .none: return
        case .expireTaker: prevented.takerLots = taker.remaining
        case .expireMaker: prevented.makerLots = maker.remaining
        case .expireBoth: (prevented.takerLots, prevented.makerLots) = (taker.remaining, maker.remaining)
        case .decrement:
            let lots = min(taker.remaining, maker.remaining)
            (prevented.takerLots, prevented.makerLots) = (lots, lots)
        }
        preventions.append(prevented)
    }
}
