/// One step of a market's recorded or generated history, in the instrument's units. Records of one message share a time;
/// the last of them carries `isLast`, and only then is the book whole.
public struct MarketRecord: Hashable, Codable, Sendable {
    public enum Kind: UInt8, Codable, Sendable {
        /// The level's new absolute quantity; 0 removes it.
        case level = 1
        /// A trade; `side` is the aggressor's.
        case trade = 2
        /// A level of a full snapshot. A ``reset`` stands before the first one.
        case snapshot = 3
        /// The newest best price and quantity of a side, newer than the levels. Quantity 0: the side is empty.
        case top = 4
        /// The levels have caught up with the top: it is laid aside and both sides show their levels again.
        case topCleared = 5
        /// Updates are missing: nothing here can be trusted until the next snapshot.
        case gap = 6
        /// Empties the book; the snapshot that follows in the same message fills it and makes it trusted.
        case reset = 7
        /// A message came that changed nothing: the feed lives, and time has moved on.
        case heartbeat = 8
    }

    /// When we received it.
    public var time: Timestamp
    public var price: Price
    public var quantity: Quantity
    public var kind: Kind
    /// The side of the book; for a trade, of the aggressor.
    public var side: Side
    public var isLast: Bool

    @inlinable
    public init(time: Timestamp, kind: Kind, side: Side, price: Price, quantity: Quantity, isLast: Bool) {
        self.time = time
        self.kind = kind
        self.side = side
        self.price = price
        self.quantity = quantity
        self.isLast = isLast
    }
}
