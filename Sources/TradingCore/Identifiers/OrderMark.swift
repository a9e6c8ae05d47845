/// By what a database knows its own orders at an exchange: the number in their ids, and the tag beside them.
///
/// Drawn once, at the database's first start. Two databases on one exchange account, or a new one after an old one, so never
/// take each other's orders for their own: the numbers are few, but tags are a thousand million.
public struct OrderMark: Hashable, Sendable {
    public var installation: InstallationID
    /// Nil for a database that made orders before there were tags: it goes on as it began.
    public var tag: OrderTag?

    public init(installation: InstallationID, tag: OrderTag?) {
        self.installation = installation
        self.tag = tag
    }
}

/// Goes with every order to the exchange, in the text of its client order id or beside it.
public struct OrderTag: Hashable, Sendable, CustomStringConvertible {
    /// Fits a signed number of 32 bits (Bitfinex's group id) and six digits of base 36.
    public static let bits = 30

    public let rawValue: UInt32

    /// - Returns: nil outside of 1 to 2³⁰ − 1; 0 is what exchanges read as none.
    public init?(_ rawValue: UInt32) {
        guard rawValue > 0, rawValue < 1 << UInt32(Self.bits) else { return nil }
        self.rawValue = rawValue
    }

    public var description: String { String(rawValue) }
}
