/// How an order trades.
public enum OrderType: UInt8, Codable, Sendable {
    case limit
    case market
}

/// How long an order lives.
public enum TimeInForce: UInt8, Codable, Sendable {
    /// Until filled or cancelled.
    case goodTillCancelled
    /// What cannot trade at once expires.
    case immediateOrCancel
    /// All at once, or nothing.
    case fillOrKill
}

/// What happens when an order would trade with its own account.
public enum SelfTradePrevention: UInt8, Codable, Sendable, CaseIterable {
    case none
    case expireTaker
    case expireMaker
    case expireBoth
    /// Both lose the smaller of the two quantities; what is used up expires.
    case decrement
}

/// An order as it is sent.
public struct OrderRequest: Hashable, Codable, Sendable {
    public var id: ClientOrderID
    public var side: Side
    public var type: OrderType
    public var timeInForce: TimeInForce
    /// Refused instead of trading at once.
    public var isPostOnly: Bool
    /// Limit price; not read for a market order.
    public var price: Price
    public var quantity: Quantity
    public var selfTradePrevention: SelfTradePrevention

    @inlinable
    public init(
        id: ClientOrderID, side: Side, type: OrderType = .limit, timeInForce: TimeInForce = .goodTillCancelled,
        isPostOnly: Bool = false, price: Price, quantity: Quantity,
        selfTradePrevention: SelfTradePrevention = .expireTaker
    ) {
        self.id = id
        self.side = side
        self.type = type
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.price = price
        self.quantity = quantity
        self.selfTradePrevention = selfTradePrevention
    }
}
