public import TradingCore

/// The strategy of a session whose orders a person places: wants nothing by itself, leaves everything as it is.
public struct DirectOrders: Strategy {
    public init() {}

    public var watchesMarket: Bool { false }
    public var decidesOnFills: Bool { false }
    public var readsOwnOrders: Bool { false }

    public mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool { false }

    public mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision { .keep(next: .distantFuture) }

    public mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation) {}
}
