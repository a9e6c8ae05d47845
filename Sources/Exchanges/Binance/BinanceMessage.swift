public import TradingCore

/// A message of Binance Spot's market streams or the answer of `GET /api/v3/depth`, in the instrument's units. The levels
/// of a depth update or snapshot lie in the buffer given to ``BinanceStreamParser``.
///
/// Source: developers.binance.com, Spot, "WebSocket Streams" and "Market Data endpoints".
public enum BinanceMessage: Equatable, Sendable {
    case depthUpdate(BinanceDepthUpdate)
    case trade(BinanceTrade)
    case bookTicker(BinanceBookTicker)
    case snapshot(lastUpdateID: Int64)
    /// Valid JSON of a stream we do not follow.
    case other
}

/// `depthUpdate` of `<symbol>@depth` and `@depth@100ms`.
public struct BinanceDepthUpdate: Equatable, Sendable {
    /// `E`, by the exchange's clock.
    public var eventTime: Timestamp
    /// `U`, not above ``lastID``.
    public var firstID: Int64
    /// `u`.
    public var lastID: Int64

    @inlinable
    public init(eventTime: Timestamp, firstID: Int64, lastID: Int64) {
        self.eventTime = eventTime
        self.firstID = firstID
        self.lastID = lastID
    }
}

/// `trade` of `<symbol>@trade`. It carries no book update id.
public struct BinanceTrade: Equatable, Sendable {
    /// `E`.
    public var eventTime: Timestamp
    /// `T`, by the exchange's clock.
    public var tradeTime: Timestamp
    /// `t`, rising by one per trade of the symbol.
    public var id: Int64
    public var price: Price
    /// Above zero.
    public var quantity: Quantity
    /// Who came to take: `sell` where `m` (the buyer is the maker) is true.
    public var aggressor: Side

    @inlinable
    public init(
        eventTime: Timestamp, tradeTime: Timestamp, id: Int64, price: Price, quantity: Quantity, aggressor: Side
    ) {
        self.eventTime = eventTime
        self.tradeTime = tradeTime
        self.id = id
        self.price = price
        self.quantity = quantity
        self.aggressor = aggressor
    }
}

/// `<symbol>@bookTicker`. An empty side has quantity 0 and, so that every resting level lies behind it, the worst price:
/// 1 tick for bids, ``BookSide/maximumTicks`` for asks.
public struct BinanceBookTicker: Equatable, Sendable {
    /// `u`, of the same numbering as depth updates.
    public var updateID: Int64
    public var bid: BookLevel
    public var ask: BookLevel

    @inlinable
    public init(updateID: Int64, bid: BookLevel, ask: BookLevel) {
        self.updateID = updateID
        self.bid = bid
        self.ask = ask
    }
}
