public import TradingCore

public struct PriceLevel: Hashable, Sendable {
    public var price: FixedDecimal
    public var amount: FixedDecimal

    @inlinable
    public init(price: FixedDecimal, amount: FixedDecimal) {
        self.price = price
        self.amount = amount
    }
}

/// A market's book, the best price first on each side.
public struct ExchangeBook: Hashable, Sendable {
    public var symbol: Symbol
    public var bids: [PriceLevel]
    public var asks: [PriceLevel]
    /// Milliseconds since 1970.
    public var time: Int64?
    /// The exchange's number of this state.
    public var sequence: Int64?

    /// - Parameters: levels in any order.
    public init(
        symbol: Symbol, bids: [PriceLevel], asks: [PriceLevel], time: Int64? = nil, sequence: Int64? = nil
    ) {
        self.symbol = symbol
        self.bids = bids.sorted { $0.price > $1.price }
        self.asks = asks.sorted { $0.price < $1.price }
        self.time = time
        self.sequence = sequence
    }
}

public struct ExchangeCandle: Hashable, Sendable {
    /// Start, milliseconds since 1970.
    public var time: Int64
    public var open: FixedDecimal?
    public var high: FixedDecimal?
    public var low: FixedDecimal?
    public var close: FixedDecimal?
    /// In base.
    public var volume: FixedDecimal?
    /// In quote, where told.
    public var quoteVolume: FixedDecimal?

    public init(
        time: Int64, open: FixedDecimal?, high: FixedDecimal?, low: FixedDecimal?, close: FixedDecimal?,
        volume: FixedDecimal?, quoteVolume: FixedDecimal? = nil
    ) {
        self.time = time
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.quoteVolume = quoteVolume
    }
}

/// Any two of free, used and total give the third.
public struct ExchangeBalance: Hashable, Sendable {
    public var asset: AssetID
    public var free: FixedDecimal?
    public var used: FixedDecimal?
    public var total: FixedDecimal?
    /// Borrowed and not paid back, interest included; nil where the exchange does not say.
    public var debt: FixedDecimal?

    public init(
        asset: AssetID, free: FixedDecimal? = nil, used: FixedDecimal? = nil, total: FixedDecimal? = nil,
        debt: FixedDecimal? = nil
    ) throws(UnreadableAnswer) {
        self.asset = asset
        self.debt = debt
        self.free = free
        self.used = used
        self.total = total
        if total == nil, let free, let used { self.total = try Derived.sum(free, used, "total") }
        if free == nil, let total, let used { self.free = try Derived.difference(total, used, "free") }
        if used == nil, let total, let free { self.used = try Derived.difference(total, free, "used") }
    }
}

/// An account's balances, one for each asset.
public struct ExchangeBalances: Hashable, Sendable {
    public var balances: [ExchangeBalance]
    /// Milliseconds since 1970.
    public var time: Int64?

    public init(_ balances: [ExchangeBalance], time: Int64? = nil) {
        self.balances = balances
        self.time = time
    }
}
