import TradingCore

/// A trade as everybody sees it.
struct PublicTrade: Hashable, Codable, Sendable {
    var id: Int64
    var price: Price
    var quantity: Quantity
    var time: Timestamp
    var isBuyerMaker: Bool
}

/// Trades of one order at one price and moment, told as one.
struct AggregateTrade: Hashable, Codable, Sendable {
    var id: Int64
    var price: Price
    var quantity: Quantity
    var firstTrade: Int64
    var lastTrade: Int64
    var time: Timestamp
    var isBuyerMaker: Bool
}

/// One market's latest trades, and the numbers they are counted by.
struct TradeTape: Sendable {
    static let capacity = 5_000

    private(set) var trades: [PublicTrade] = []
    private(set) var aggregates: [AggregateTrade] = []
    var nextID: Int64
    var nextAggregateID: Int64
    /// The first aggregate that more trades may still be counted into.
    private var firstUntold: Int64

    init(nextID: Int64 = 1, nextAggregateID: Int64 = 1) {
        (self.nextID, self.nextAggregateID, firstUntold) = (nextID, nextAggregateID, nextAggregateID)
    }

    mutating func add(_ price: Price, _ quantity: Quantity, at time: Timestamp, isBuyerMaker: Bool) -> PublicTrade {
        let trade = PublicTrade(id: nextID, price: price, quantity: quantity, time: time, isBuyerMaker: isBuyerMaker)
        nextID += 1
        trades.append(trade)
        if trades.count > 2 * Self.capacity { trades.removeFirst(Self.capacity) }
        aggregate(trade)
        return trade
    }

    /// Aggregates that have not been told. They are whole then: what comes after begins another.
    mutating func takeNewAggregates() -> [AggregateTrade] {
        var fresh: [AggregateTrade] = []
        for trade in aggregates.reversed() {
            if trade.id < firstUntold { break }
            fresh.append(trade)
        }
        firstUntold = nextAggregateID
        return fresh.reversed()
    }

    private mutating func aggregate(_ trade: PublicTrade) {
        if let last = aggregates.last, last.id >= firstUntold, last.price == trade.price,
            last.isBuyerMaker == trade.isBuyerMaker,
            last.time.milliseconds == trade.time.milliseconds
        {
            aggregates[aggregates.count - 1].lastTrade = trade.id
            let (sum, overflow) = last.quantity.lots.addingReportingOverflow(trade.quantity.lots)
            aggregates[aggregates.count - 1].quantity.lots = overflow ? .max : sum
            return
        }
        aggregates.append(
            AggregateTrade(
                id: nextAggregateID, price: trade.price, quantity: trade.quantity, firstTrade: trade.id,
                lastTrade: trade.id, time: trade.time, isBuyerMaker: trade.isBuyerMaker))
        nextAggregateID += 1
        if aggregates.count > 2 * Self.capacity { aggregates.removeFirst(Self.capacity) }
    }
}
