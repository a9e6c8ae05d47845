/// What an exchange accepts as an order on one instrument. Nil means the exchange has no such rule.
///
/// Names and meaning follow Binance Spot's filters (developers.binance.com, "Filters"), the most detailed of the
/// exchanges we speak to.
public struct TradingRules: Hashable, Sendable {
    public var priceRounding: PriceRounding
    public var minimumPrice: FixedDecimal?
    public var maximumPrice: FixedDecimal?
    /// Step of order quantities, in base.
    public var lotSize: FixedDecimal
    public var minimumQuantity: FixedDecimal?
    public var maximumQuantity: FixedDecimal?
    /// The most of a market order, in base.
    public var maximumMarketQuantity: FixedDecimal?
    /// Least price × quantity, in quote.
    public var minimumNotional: FixedDecimal?
    public var maximumNotional: FixedDecimal?
    /// How far a limit price may lie from the average price, as multiples of it.
    public var priceBand: PriceBand?
    /// Most orders one account may have open on the instrument.
    public var maximumOpenOrders: Int?
    /// Most base an account may hold including its open buys.
    public var maximumPosition: FixedDecimal?

    public init(
        priceRounding: PriceRounding, lotSize: FixedDecimal, minimumPrice: FixedDecimal? = nil,
        maximumPrice: FixedDecimal? = nil, minimumQuantity: FixedDecimal? = nil, maximumQuantity: FixedDecimal? = nil,
        maximumMarketQuantity: FixedDecimal? = nil, minimumNotional: FixedDecimal? = nil,
        maximumNotional: FixedDecimal? = nil, priceBand: PriceBand? = nil, maximumOpenOrders: Int? = nil,
        maximumPosition: FixedDecimal? = nil
    ) {
        self.priceRounding = priceRounding
        self.lotSize = lotSize
        self.minimumPrice = minimumPrice
        self.maximumPrice = maximumPrice
        self.minimumQuantity = minimumQuantity
        self.maximumQuantity = maximumQuantity
        self.maximumMarketQuantity = maximumMarketQuantity
        self.minimumNotional = minimumNotional
        self.maximumNotional = maximumNotional
        self.priceBand = priceBand
        self.maximumOpenOrders = maximumOpenOrders
        self.maximumPosition = maximumPosition
    }
}

/// Which prices an exchange accepts.
public enum PriceRounding: Hashable, Sendable {
    /// Whole multiples of a tick size.
    case tick(FixedDecimal)
    /// At most so many significant digits (Bitfinex: 5), on top of the instrument's unit.
    case significantDigits(Int)
}

/// Binance's PERCENT_PRICE_BY_SIDE: a limit price must lie within these multiples of the average price.
public struct PriceBand: Hashable, Sendable {
    public var bidDown: FixedDecimal
    public var bidUp: FixedDecimal
    public var askDown: FixedDecimal
    public var askUp: FixedDecimal

    public init(bidDown: FixedDecimal, bidUp: FixedDecimal, askDown: FixedDecimal, askUp: FixedDecimal) {
        self.bidDown = bidDown
        self.bidUp = bidUp
        self.askDown = askDown
        self.askUp = askUp
    }
}
