/// Whether a fill gave liquidity or took it.
public enum Liquidity: UInt8, Codable, Sendable {
    case maker
    case taker
}

/// Which asset a fee was taken in.
public enum FeeAsset: Hashable, Codable, Sendable {
    case base
    case quote
    /// Neither: an index into the account's list of further assets.
    case other(UInt16)
}

/// One execution of an order. Applied once: `tradeID` is unique per account and instrument.
public struct Fill: Hashable, Codable, Sendable {
    public var tradeID: UInt64
    public var orderID: ClientOrderID
    public var side: Side
    public var price: Price
    public var quantity: Quantity
    public var liquidity: Liquidity
    /// What was paid; negative is a rebate.
    public var fee: FixedDecimal
    public var feeAsset: FeeAsset
    /// Exchange time of the execution.
    public var time: Timestamp

    public init(
        tradeID: UInt64, orderID: ClientOrderID, side: Side, price: Price, quantity: Quantity, liquidity: Liquidity,
        fee: FixedDecimal, feeAsset: FeeAsset, time: Timestamp
    ) {
        self.tradeID = tradeID
        self.orderID = orderID
        self.side = side
        self.price = price
        self.quantity = quantity
        self.liquidity = liquidity
        self.fee = fee
        self.feeAsset = feeAsset
        self.time = time
    }
}
