import Exchanges
import TradingCore

/// The simplest book that can be right, to compare with: Binance's procedure on a faultless sequence of messages.
struct PlainBook {
    var levels: [Side: [Int64: Int64]] = [.buy: [:], .sell: [:]]
    var updateID: Int64 = -1

    private var early: [FeedMessage] = []

    mutating func apply(_ message: FeedMessage) {
        switch message.message {
        case .depthUpdate where updateID < 0:
            early.append(message)
            return
        case .depthUpdate(let update) where update.lastID > updateID:
            updateID = update.lastID
        case .snapshot(let id) where updateID < 0:
            updateID = id
        default:
            return
        }
        for level in message.levels { levels[level.side]?[level.ticks] = level.lots == 0 ? nil : level.lots }
        let next = early
        early = []
        for message in next { apply(message) }
    }

    /// As the exchange would answer a request for a snapshot now.
    var snapshot: FeedMessage {
        let all = levels.flatMap { side, levels in
            levels.map { LevelChange(side: side, ticks: $0.key, lots: $0.value) }
        }
        return .snapshot(updateID, all)
    }

    /// Whether the stored levels of a book, whatever top lies over them, are exactly these.
    func equals(_ book: borrowing OrderBook) -> Bool {
        guard book.bids.levelCount == levels[.buy]?.count, book.asks.levelCount == levels[.sell]?.count else {
            return false
        }
        for (ticks, lots) in levels[.buy] ?? [:] where book.bids.storedLots(at: ticks) != lots { return false }
        for (ticks, lots) in levels[.sell] ?? [:] where book.asks.storedLots(at: ticks) != lots { return false }
        return book.bids.storedBestPrice?.ticks == levels[.buy]?.keys.max()
            && book.asks.storedBestPrice?.ticks == levels[.sell]?.keys.min()
    }
}
