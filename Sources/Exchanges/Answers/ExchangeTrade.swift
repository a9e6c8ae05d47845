public import TradingCore

/// A trade: of the market, or one of ours.
public struct ExchangeTrade: Hashable, Sendable {
    public var id: String?
    public var orderID: String?
    public var clientOrderID: String?
    public var symbol: Symbol?
    /// Of a market's trade the taker's, of ours our own.
    public var side: Side?
    public var price: FixedDecimal?
    public var amount: FixedDecimal?
    /// Price × amount, in quote.
    public var cost: FixedDecimal?
    public var liquidity: Liquidity?
    public var type: OrderKind?
    public var fees: [ExchangeFee]
    /// Milliseconds since 1970.
    public var time: Int64?

    public init(
        id: String? = nil, orderID: String? = nil, clientOrderID: String? = nil, symbol: Symbol? = nil,
        side: Side? = nil, price: FixedDecimal? = nil, amount: FixedDecimal? = nil, cost: FixedDecimal? = nil,
        liquidity: Liquidity? = nil, type: OrderKind? = nil, fees: [ExchangeFee] = [], time: Int64? = nil
    ) {
        self.id = id
        self.orderID = orderID
        self.clientOrderID = clientOrderID
        self.symbol = symbol
        self.side = side
        self.price = price
        self.amount = amount
        self.cost = cost
        self.liquidity = liquidity
        self.type = type
        self.fees = fees
        self.time = time
    }

    /// With the cost filled in where it was not told.
    /// - Throws: when price × amount is out of range.
    public func completed() throws(UnreadableAnswer) -> ExchangeTrade {
        guard cost == nil, let price, let amount else { return self }
        var trade = self
        trade.cost = try Derived.product(price, amount, "cost")
        return trade
    }
}
