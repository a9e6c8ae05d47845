/// A book's whole contents, hidden levels included, for a store.
public struct OrderBookState: Codable, Sendable {
    /// Ticks and lots by turns, best first.
    var bids: [Int64]
    var asks: [Int64]
    /// Ticks and lots of the top laid over a side; nil where there is none.
    var bidTop: [Int64]?
    var askTop: [Int64]?
}

extension OrderBook {
    public var state: OrderBookState {
        OrderBookState(bids: bids.stored, asks: asks.stored, bidTop: bids.storedTop, askTop: asks.storedTop)
    }

    /// Becomes the book that a state was taken of.
    public mutating func restore(_ state: OrderBookState) {
        removeAll()
        for (side, levels) in [(Side.buy, state.bids), (.sell, state.asks)] {
            for index in stride(from: 0, to: levels.count - 1, by: 2) {
                set(side, ticks: levels[index], lots: levels[index + 1])
            }
        }
        for (side, top) in [(Side.buy, state.bidTop), (.sell, state.askTop)] {
            if let top, top.count == 2 { setTop(side, ticks: top[0], lots: top[1]) }
        }
    }
}

extension BookSide {
    fileprivate var stored: [Int64] {
        var levels: [Int64] = []
        var ticks = storedBest
        while ticks != none {
            levels += [ticks, storedLots(at: ticks)]
            ticks = storedNext(after: ticks)
        }
        return levels
    }

    fileprivate var storedTop: [Int64]? { hasTop ? [topTicks, topLots] : nil }
}
