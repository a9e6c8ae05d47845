public import TradingCore

/// Why an order was not sent. Codes are stable: logs, metrics and operators go by them.
public enum RiskRefusal: Hashable, Sendable, Error {
    case tradingHalted
    case onlyReducing
    /// The book has not changed for longer than allowed, or lost its sequence.
    case stalePublicData
    /// The account's own stream has been silent for longer than allowed.
    case stalePrivateData
    case clockSkew
    /// What the exchange says the account holds is not what was booked.
    case balanceDrift
    /// An order of the session may or may not exist: nothing is added until the exchange says.
    case ownOrdersUnknown
    case rule(RuleViolation)
    /// Buying too far above, or selling too far below, the market.
    case priceCollar
    case orderQuantity
    case orderNotional
    case positionLimit
    case openOrdersLimit
    case insufficientBalance
    /// It would trade with an order of our own.
    case ownOrderCross
    /// The account's order budget is used up for now.
    case orderBudget
    /// The exchange has just said that it serves nobody, or could not be reached: it is not asked again at once.
    case exchangeUnavailable
    /// The session has no client order ids left.
    case orderIDsExhausted
    /// An order's intent could not be stored, so it may not be sent.
    case storageUnavailable

    public var code: String {
        switch self {
        case .tradingHalted: "TRADING_HALTED"
        case .onlyReducing: "ONLY_REDUCING"
        case .stalePublicData: "STALE_PUBLIC_DATA"
        case .stalePrivateData: "STALE_PRIVATE_DATA"
        case .clockSkew: "CLOCK_SKEW"
        case .balanceDrift: "BALANCE_DRIFT"
        case .ownOrdersUnknown: "OWN_ORDERS_UNKNOWN"
        case .rule(let violation): "RULE_\(violation.filterName)"
        case .priceCollar: "PRICE_COLLAR"
        case .orderQuantity: "ORDER_QUANTITY"
        case .orderNotional: "ORDER_NOTIONAL"
        case .positionLimit: "POSITION_LIMIT"
        case .openOrdersLimit: "OPEN_ORDERS_LIMIT"
        case .insufficientBalance: "INSUFFICIENT_BALANCE"
        case .ownOrderCross: "OWN_ORDER_CROSS"
        case .orderBudget: "ORDER_BUDGET"
        case .exchangeUnavailable: "EXCHANGE_UNAVAILABLE"
        case .orderIDsExhausted: "ORDER_IDS_EXHAUSTED"
        case .storageUnavailable: "STORAGE_UNAVAILABLE"
        }
    }
}
