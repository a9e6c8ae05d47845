import Strategies
import TradingCore

/// The reference quoter "mm2" of the peers' benchmarks: one decision per 10 ms, five ticks around a mid that leans against
/// the position, never more than ten units of 0.01 base.
struct MM2: Strategy {
    static let step: Int64 = 10_000_000
    static let half: Int64 = 5
    static let cap: Int64 = 10
    /// 0.01 base in lots.
    let size: Int64
    /// Time of the first record; decisions fall on whole steps after it.
    let start: Int64

    var watchesMarket: Bool { false }
    var decidesOnFills: Bool { false }
    var readsOwnOrders: Bool { false }

    mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool { false }
    mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation) {}

    mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision {
        let passed = situation.now.nanoseconds - start
        let next = Timestamp(nanoseconds: start + (passed / MM2.step + 1) * MM2.step)
        guard passed >= MM2.step, passed % MM2.step == 0 else { return .keep(next: next) }
        let (bestBid, bestAsk) = (book.bids.bestTicks, book.asks.bestTicks)
        let units = MM2.rounded(situation.position.lots, size)
        let centre = (bestBid + bestAsk) / 2 - units
        if units < MM2.cap { wanted.quotes.append(quote(.buy, min(centre - MM2.half, bestBid))) }
        if units > -MM2.cap { wanted.quotes.append(quote(.sell, max(centre + MM2.half, bestAsk))) }
        return .quote(next: next)
    }

    private func quote(_ side: Side, _ ticks: Int64) -> Quote {
        Quote(side: side, level: 0, price: Price(ticks: ticks), quantity: Quantity(lots: size), isPostOnly: false)
    }

    private static func rounded(_ lots: Int64, _ size: Int64) -> Int64 {
        (2 * lots + (lots >= 0 ? size : -size)) / (2 * size)
    }
}
