/// Prices and volume of one stretch of time.
public struct Candle: Hashable, Sendable {
    /// Start of the stretch, a multiple of its length (held at the first moment a ``Timestamp`` has).
    public var start: Timestamp
    public var open: Price
    public var high: Price
    public var low: Price
    public var close: Price
    /// Held at the most that a ``Quantity`` has.
    public var volume: Quantity
    public var trades: Int

    init(start: Timestamp, price: Price, quantity: Quantity) {
        self.start = start
        (open, high, low, close) = (price, price, price, price)
        volume = quantity
        trades = 1
    }
}

/// Builds candles of one length from trades in time order.
public struct CandleBuilder: Sendable {
    public let lengthNanoseconds: Int64
    /// The unfinished candle; nil before the first trade.
    public private(set) var current: Candle?

    /// - Parameter lengthNanoseconds: above 0.
    public init(lengthNanoseconds: Int64) {
        precondition(lengthNanoseconds > 0, "a candle has a length")
        self.lengthNanoseconds = lengthNanoseconds
    }

    /// Takes a trade in. A trade older than the current candle only counts into its volume: history is not rewritten.
    /// - Returns: the candle that this trade closed, if any. Stretches without a trade have no candle.
    public mutating func add(price: Price, quantity: Quantity, at time: Timestamp) -> Candle? {
        let rest = time.nanoseconds % lengthNanoseconds
        let start = time.advanced(byNanoseconds: rest < 0 ? -(rest + lengthNanoseconds) : -rest)
        guard var candle = current else {
            current = Candle(start: start, price: price, quantity: quantity)
            return nil
        }
        if start > candle.start {
            current = Candle(start: start, price: price, quantity: quantity)
            return candle
        }
        let (volume, overflow) = candle.volume.lots.addingReportingOverflow(quantity.lots)
        candle.volume.lots = overflow ? .max : volume
        candle.trades += 1
        if start == candle.start {
            candle.high = max(candle.high, price)
            candle.low = min(candle.low, price)
            candle.close = price
        }
        current = candle
        return nil
    }
}
