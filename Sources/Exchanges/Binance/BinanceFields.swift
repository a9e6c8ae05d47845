/// What was found of one payload's keys, before it is known which message it is: JSON's keys may come in any order.
struct BinanceFields {
    /// The keys our messages have, as bits of ``seen``.
    struct Keys: OptionSet, Sendable {
        let rawValue: UInt32

        static let kind = Keys(rawValue: 1 << 0)
        static let eventTime = Keys(rawValue: 1 << 1)
        static let symbol = Keys(rawValue: 1 << 2)
        static let firstID = Keys(rawValue: 1 << 3)
        static let lastID = Keys(rawValue: 1 << 4)
        static let bids = Keys(rawValue: 1 << 5)
        static let asks = Keys(rawValue: 1 << 6)
        static let bid = Keys(rawValue: 1 << 7)
        static let ask = Keys(rawValue: 1 << 8)
        static let bidQuantity = Keys(rawValue: 1 << 9)
        static let askQuantity = Keys(rawValue: 1 << 10)
        static let tradeID = Keys(rawValue: 1 << 11)
        static let tradeTime = Keys(rawValue: 1 << 12)
        static let price = Keys(rawValue: 1 << 13)
        static let quantity = Keys(rawValue: 1 << 14)
        static let buyerIsMaker = Keys(rawValue: 1 << 15)
        static let snapshotID = Keys(rawValue: 1 << 16)

        static let depthUpdate: Keys = [eventTime, symbol, firstID, lastID, bids, asks]
        static let trade: Keys = [eventTime, symbol, tradeID, tradeTime, price, quantity, buyerIsMaker]
        static let bookTicker: Keys = [symbol, lastID, bid, ask, bidQuantity, askQuantity]
        static let snapshot: Keys = [snapshotID, bids, asks]
    }

    enum Kind {
        /// No `e`, as in `bookTicker` and snapshots.
        case unnamed
        case depthUpdate
        case trade
        case bookTicker
        case other
    }

    var seen: Keys = []
    var kind = Kind.unnamed
    var isOurSymbol = true
    var symbolOffset = 0
    var buyerIsMaker = false
    var eventTime: Int64 = 0
    var tradeTime: Int64 = 0
    var firstID: Int64 = 0
    var lastID: Int64 = 0
    var snapshotID: Int64 = 0
    var tradeID: Int64 = 0
    /// Ticks and lots; their bounds are checked once the message is known.
    var bid: Int64 = 0
    var bidQuantity: Int64 = 0
    var ask: Int64 = 0
    var askQuantity: Int64 = 0
    var price: Int64 = 0
    var quantity: Int64 = 0
    /// The first field that could not be read; it matters only if the message turns out to be one of ours.
    var problem: BinanceMessageError?

}
