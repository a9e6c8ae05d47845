public import TradingCore

/// A strategy is a value. It reads what it is given and says which quotes it wants: no I/O, no clock, no randomness, so
/// the same events give the same quotes in a test, a backtest or live.
///
/// The engine asks for a decision at the time the last one named, after a fill of the session's own, and, for a strategy
/// that ``watchesMarket``, whenever ``wantsDecision(_:now:)`` says so.
public protocol Strategy: Sendable {
    /// Whether ``wantsDecision(_:now:)`` is to be asked after every change of the book.
    var watchesMarket: Bool { get }
    /// Whether a fill of the session's own calls for a decision at once.
    var decidesOnFills: Bool { get }
    /// Whether ``Situation/ownOrders`` is read.
    var readsOwnOrders: Bool { get }

    /// A cheap look at a changed book: is it worth a decision before the time comes?
    mutating func wantsDecision(_ book: borrowing OrderBook, now: Timestamp) -> Bool

    /// Restates everything that shall rest. `wanted` comes empty.
    mutating func decide(
        _ book: borrowing OrderBook, _ situation: borrowing Situation, into wanted: inout WantedQuotes
    ) -> Decision

    /// One of the session's own orders traded. `situation` is the one after the fill.
    mutating func filled(_ fill: Fill, of order: OwnOrder, situation: borrowing Situation)
}

/// What comes of a decision. Every case names when to ask again at the latest.
public enum Decision: Hashable, Sendable {
    /// Let the wanted quotes rest, and nothing else.
    case quote(next: Timestamp)
    /// Leave everything as it is.
    case keep(next: Timestamp)
    /// Take every order of the session off the book.
    case hold(HoldReason, next: Timestamp)

    public var next: Timestamp {
        switch self {
        case .quote(let next), .keep(let next), .hold(_, let next): next
        }
    }
}

/// Why a strategy shows no quotes.
public enum HoldReason: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing says what the asset is worth.
    case noReferencePrice
    /// The best bid is above the best ask: the book cannot be true.
    case crossedBook
    /// The external price is missing, old, or too far from the market's.
    case externalPrice
    /// The price moved too far too fast.
    case suddenMove
    /// No level can be placed: funds, minimum sizes, or bounds leave nothing.
    case nothingPlaceable
}

/// What a strategy knows besides the book.
public struct Situation: Sendable {
    public var now: Timestamp
    /// Base and quote that the session may use in all: free, and locked in its own orders.
    public var base: FixedDecimal
    public var quote: FixedDecimal
    /// Base bought less base sold since the session began.
    public var position: Quantity
    public var lastTradePrice: Price?
    /// A price from elsewhere and when it was received.
    public var externalPrice: ExternalPrice?
    /// Whether the book shows the session's own orders among the others.
    public var bookShowsOwnOrders: Bool
    /// The session's live orders, for strategies that ``Strategy/readsOwnOrders``.
    public var ownOrders: [OwnOrder]

    public init(
        now: Timestamp, base: FixedDecimal, quote: FixedDecimal, position: Quantity = .zero,
        lastTradePrice: Price? = nil, externalPrice: ExternalPrice? = nil, bookShowsOwnOrders: Bool = false,
        ownOrders: [OwnOrder] = []
    ) {
        self.now = now
        self.base = base
        self.quote = quote
        self.position = position
        self.lastTradePrice = lastTradePrice
        self.externalPrice = externalPrice
        self.bookShowsOwnOrders = bookShowsOwnOrders
        self.ownOrders = ownOrders
    }
}

/// A price from another source, in quote per base.
public struct ExternalPrice: Hashable, Sendable {
    public var price: FixedDecimal
    public var receivedAt: Timestamp

    public init(price: FixedDecimal, receivedAt: Timestamp) {
        self.price = price
        self.receivedAt = receivedAt
    }
}

/// A live order as its strategy sees it.
public struct OwnOrder: Hashable, Sendable {
    public var id: ClientOrderID
    public var side: Side
    public var level: UInt8
    public var price: Price
    public var remaining: Quantity

    public init(id: ClientOrderID, side: Side, level: UInt8, price: Price, remaining: Quantity) {
        self.id = id
        self.side = side
        self.level = level
        self.price = price
        self.remaining = remaining
    }
}
