public import TradingCore

/// An order as an exchange tells it. Nil: not told, and not to be derived from what is.
public struct ExchangeOrder: Hashable, Sendable {
    /// The exchange's own id.
    public var id: String?
    /// Ours.
    public var clientOrderID: String?
    /// What the order was put together with others by, beside its ids (Bitfinex).
    public var groupID: String?
    public var symbol: Symbol?
    public var side: Side?
    public var type: OrderKind?
    public var timeInForce: TimeInForceTold?
    public var isPostOnly: Bool?
    public var price: FixedDecimal?
    /// The trigger of a conditional order.
    public var triggerPrice: FixedDecimal?
    public var amount: FixedDecimal?
    public var filled: FixedDecimal?
    public var remaining: FixedDecimal?
    /// Filled, in quote.
    public var cost: FixedDecimal?
    public var average: FixedDecimal?
    public var status: OrderState?
    /// One sum for each asset.
    public var fees: [ExchangeFee]
    public var trades: [ExchangeTrade]
    /// Milliseconds since 1970.
    public var createdAt: Int64?
    public var updatedAt: Int64?
    public var lastTradeAt: Int64?
    /// Why the exchange refused or ended it, in its words.
    public var reason: String?

    public init(
        id: String? = nil, clientOrderID: String? = nil, symbol: Symbol? = nil, side: Side? = nil,
        type: OrderKind? = nil, timeInForce: TimeInForceTold? = nil, isPostOnly: Bool? = nil,
        price: FixedDecimal? = nil, triggerPrice: FixedDecimal? = nil, amount: FixedDecimal? = nil,
        filled: FixedDecimal? = nil, remaining: FixedDecimal? = nil, cost: FixedDecimal? = nil,
        average: FixedDecimal? = nil, status: OrderState? = nil, fees: [ExchangeFee] = [],
        trades: [ExchangeTrade] = [], createdAt: Int64? = nil, updatedAt: Int64? = nil, lastTradeAt: Int64? = nil,
        reason: String? = nil
    ) {
        self.id = id
        self.clientOrderID = clientOrderID
        self.symbol = symbol
        self.side = side
        self.type = type
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.price = price
        self.triggerPrice = triggerPrice
        self.amount = amount
        self.filled = filled
        self.remaining = remaining
        self.cost = cost
        self.average = average
        self.status = status
        self.fees = fees
        self.trades = trades
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.lastTradeAt = lastTradeAt
        self.reason = reason
    }
}

public enum OrderKind: Hashable, Sendable {
    case limit
    case market
    /// Anything else, in the exchange's lower-case word.
    case other(String)
}

public enum TimeInForceTold: String, Hashable, Sendable {
    case goodTillCancelled = "GTC"
    case immediateOrCancel = "IOC"
    case fillOrKill = "FOK"
    case postOnly = "PO"
    case goodTillTime = "GTT"
}

public enum OrderState: Hashable, Sendable {
    case open
    /// Filled whole.
    case closed
    case cancelled
    case cancelling
    case expired
    case expiring
    case rejected
    /// A state we do not know, in the exchange's word: to be treated as open.
    case other(String)

    public var isFinal: Bool {
        switch self {
        case .closed, .cancelled, .expired, .rejected: true
        case .open, .cancelling, .expiring, .other: false
        }
    }
}

public struct ExchangeFee: Hashable, Sendable {
    /// Positive is what was paid, negative a rebate.
    public var cost: FixedDecimal
    /// Nil where the exchange does not say.
    public var asset: AssetID?
    /// The fraction of the cost or the amount that was taken; nil where the exchange does not say.
    public var rate: FixedDecimal?

    public init(cost: FixedDecimal, asset: AssetID?, rate: FixedDecimal? = nil) {
        self.cost = cost
        self.asset = asset
        self.rate = rate
    }
}
