/// What an exchange, or the connector to it, tells about one of our orders.
public enum AccountEvent: Hashable, Codable, Sendable {
    case accepted(ClientOrderID)
    case rejected(ClientOrderID, RejectReason)
    case filled(Fill)
    case cancelled(ClientOrderID)
    case cancelRejected(ClientOrderID, CancelRejectReason)
    case expired(ClientOrderID, ExpiryReason)
    /// The request was sent and no answer came: it may or may not have been carried out.
    case outcomeUnknown(ClientOrderID)
    /// Asked when it would know, the exchange knows no order of this id.
    case notFound(ClientOrderID)
    /// An order that had ended rests: somebody has placed another at the exchange under its id.
    case reappeared(ClientOrderID)

    public var orderID: ClientOrderID {
        switch self {
        case .accepted(let id), .rejected(let id, _), .cancelled(let id), .cancelRejected(let id, _),
            .expired(let id, _), .outcomeUnknown(let id), .notFound(let id), .reappeared(let id):
            id
        case .filled(let fill): fill.orderID
        }
    }
}

/// Why an exchange refused an order.
public enum RejectReason: Hashable, Codable, Sendable {
    case rule(RuleViolation)
    case insufficientBalance
    /// A post-only order that would have traded at once. Normal in a moving market.
    case wouldTake
    case duplicateID
    /// A market order on an empty side.
    case noLiquidity
    /// The market is not trading, or its data cannot be trusted.
    case marketClosed
    /// The exchange serves nobody now: maintenance, overload, a fault of its own.
    case unavailable
    /// There are no orders of its kind: post-only, IOC or FOK. It was not sent.
    case optionNotSupported
    /// It does not take the account's key, for one of these as far as it says.
    case key(KeyDoubts)
    /// Anything else the exchange says.
    case other
}

/// What of a key an exchange may have something against. Small, as it travels with every event.
public struct KeyDoubts: OptionSet, Hashable, Codable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Key, secret, passphrase or signature are wrong, or the key is no more.
    public static let key = KeyDoubts(rawValue: 1)
    /// The key is good and may not do this.
    public static let permission = KeyDoubts(rawValue: 2)
    /// The key is bound to other IP addresses than ours.
    public static let address = KeyDoubts(rawValue: 4)
    /// The clock here and the exchange's are too far apart.
    public static let clock = KeyDoubts(rawValue: 8)
}

public enum CancelRejectReason: UInt8, Hashable, Codable, Sendable {
    /// No such open order: filled, cancelled or never there.
    case unknownOrder
    /// The exchange would not, and the order still rests.
    case refused
}

/// Why an exchange ended an order on its own.
public enum ExpiryReason: UInt8, Hashable, Codable, Sendable {
    /// What an IOC or market order could not trade at once.
    case immediateRemainder
    /// An FOK order that could not trade whole.
    case notFillable
    case selfTradePrevention
}
