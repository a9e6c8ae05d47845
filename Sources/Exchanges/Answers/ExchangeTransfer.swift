public import TradingCore

/// A deposit or a withdrawal.
public struct ExchangeTransfer: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case deposit, withdrawal
    }

    public enum Status: Hashable, Sendable {
        case ok, pending, failed, cancelled
        case other(String)
    }

    public var id: String?
    public var transactionID: String?
    /// The sender's own name for it, where the exchange keeps one.
    public var clientID: String?
    public var kind: Kind?
    public var asset: AssetID?
    /// The common name of the network: `ERC20`.
    public var network: String?
    public var amount: FixedDecimal?
    public var fee: ExchangeFee?
    public var status: Status?
    public var address: String?
    public var addressFrom: String?
    public var addressTo: String?
    public var tag: String?
    public var tagFrom: String?
    public var tagTo: String?
    public var comment: String?
    public var isInternal: Bool?
    /// Milliseconds since 1970.
    public var createdAt: Int64?
    public var updatedAt: Int64?

    public init(id: String? = nil) {
        self.id = id
    }
}

public struct DepositAddress: Hashable, Sendable {
    public var asset: AssetID?
    /// The common name of the network: `ERC20`.
    public var network: String?
    public var address: String
    public var tag: String?

    public init(asset: AssetID?, network: String?, address: String, tag: String? = nil) {
        self.asset = asset
        self.network = network
        self.address = address
        self.tag = tag
    }
}

/// What trading costs, as fractions; negative is a rebate.
public struct TradingFees: Hashable, Sendable {
    /// Nil: of the whole account.
    public var symbol: Symbol?
    public var maker: FixedDecimal?
    public var taker: FixedDecimal?
    public var isPercentage: Bool?
    public var isTierBased: Bool?

    public init(
        symbol: Symbol?, maker: FixedDecimal?, taker: FixedDecimal?, isPercentage: Bool? = nil, isTierBased: Bool? = nil
    ) {
        self.symbol = symbol
        self.maker = maker
        self.taker = taker
        self.isPercentage = isPercentage
        self.isTierBased = isTierBased
    }
}

/// Whether an exchange works.
public struct ExchangeStatus: Hashable, Sendable {
    public var isOK: Bool
    /// Milliseconds since 1970.
    public var updatedAt: Int64?
    public var eta: Int64?
    public var message: String?

    public init(isOK: Bool, updatedAt: Int64? = nil, eta: Int64? = nil, message: String? = nil) {
        self.isOK = isOK
        self.updatedAt = updatedAt
        self.eta = eta
        self.message = message
    }
}

/// A sub-account or wallet.
public struct ExchangeWallet: Hashable, Sendable {
    public var id: String
    public var type: String
    public var asset: AssetID?

    public init(id: String, type: String, asset: AssetID? = nil) {
        self.id = id
        self.type = type
        self.asset = asset
    }
}
