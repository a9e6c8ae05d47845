public import TradingCore

/// A spot market as an exchange lists it, with everything that an order on it is checked against.
public struct ExchangeMarket: Hashable, Sendable {
    /// The exchange's own name: `BTCUSDT`, `BTC-USDT`, `tBTCUST`.
    public var id: String
    public var symbol: Symbol
    public var baseID: String
    public var quoteID: String
    /// Nil where the exchange does not say.
    public var isActive: Bool?
    public var rounding: OrderRounding
    public var limits: OrderLimits
    /// Fractions; negative is a rebate.
    public var makerFee: FixedDecimal?
    public var takerFee: FixedDecimal?
    /// A number that some exchanges want instead of the name (OKX's `instIdCode`).
    public var numericID: String?
    /// Distance from the average price that an order may have.
    public var priceBand: PriceBand?
    public var maximumOpenOrders: Int?
    /// Whether a limit order, a market order can be placed; nil where the exchange does not say.
    public var takesMarketOrders: Bool?

    public init(
        id: String, symbol: Symbol, baseID: String, quoteID: String, isActive: Bool? = nil, rounding: OrderRounding,
        limits: OrderLimits = OrderLimits(), makerFee: FixedDecimal? = nil, takerFee: FixedDecimal? = nil,
        numericID: String? = nil, priceBand: PriceBand? = nil, maximumOpenOrders: Int? = nil,
        takesMarketOrders: Bool? = nil
    ) {
        self.id = id
        self.symbol = symbol
        self.baseID = baseID
        self.quoteID = quoteID
        self.isActive = isActive
        self.rounding = rounding
        self.limits = limits
        self.makerFee = makerFee
        self.takerFee = takerFee
        self.numericID = numericID
        self.priceBand = priceBand
        self.maximumOpenOrders = maximumOpenOrders
        self.takesMarketOrders = takesMarketOrders
    }
}

/// The least and most of what an order may be. Nil: no such rule, or not told.
public struct OrderLimits: Hashable, Sendable {
    public var minimumAmount: FixedDecimal?
    public var maximumAmount: FixedDecimal?
    public var minimumPrice: FixedDecimal?
    public var maximumPrice: FixedDecimal?
    /// Price × amount.
    public var minimumCost: FixedDecimal?
    public var maximumCost: FixedDecimal?
    /// A second least cost that holds beside ``minimumCost`` where the exchange tells two (KuCoin's `minFunds`).
    public var minimumFunds: FixedDecimal?
    /// Amount of a market order.
    public var minimumMarketAmount: FixedDecimal?
    public var maximumMarketAmount: FixedDecimal?

    public init() {}
}
