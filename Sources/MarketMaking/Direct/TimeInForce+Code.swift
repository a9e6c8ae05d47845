public import TradingCore

extension TimeInForce {
    /// As the API and the store write it.
    public var code: String {
        switch self {
        case .goodTillCancelled: "GTC"
        case .immediateOrCancel: "IOC"
        case .fillOrKill: "FOK"
        }
    }

    public init?(code: String) {
        switch code {
        case "GTC": self = .goodTillCancelled
        case "IOC": self = .immediateOrCancel
        case "FOK": self = .fillOrKill
        default: return nil
        }
    }
}
