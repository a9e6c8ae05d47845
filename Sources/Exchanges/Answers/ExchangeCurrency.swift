public import TradingCore

/// An asset as an exchange lists it, with the networks it travels on.
public struct ExchangeCurrency: Hashable, Sendable {
    public var id: String
    public var asset: AssetID
    public var name: String?
    public var isActive: Bool?
    public var canDeposit: Bool?
    public var canWithdraw: Bool?
    /// What a withdrawal costs, in the asset.
    public var withdrawalFee: FixedDecimal?
    /// The step of an amount.
    public var precision: FixedDecimal?
    public var limits: TransferLimits
    public var isFiat: Bool?
    /// In the exchange's order.
    public var networks: [ExchangeNetwork]

    public init(
        id: String, asset: AssetID, name: String? = nil, isActive: Bool? = nil, canDeposit: Bool? = nil,
        canWithdraw: Bool? = nil, withdrawalFee: FixedDecimal? = nil, precision: FixedDecimal? = nil,
        limits: TransferLimits = TransferLimits(), isFiat: Bool? = nil, networks: [ExchangeNetwork] = []
    ) {
        self.id = id
        self.asset = asset
        self.name = name
        self.isActive = isActive
        self.canDeposit = canDeposit
        self.canWithdraw = canWithdraw
        self.withdrawalFee = withdrawalFee
        self.precision = precision
        self.limits = limits
        self.isFiat = isFiat
        self.networks = networks
    }
}

/// A network an asset can be deposited from or withdrawn to.
public struct ExchangeNetwork: Hashable, Sendable {
    /// The exchange's own name.
    public var id: String
    /// The common name: `ERC20`, `TRC20`, `BTC`.
    public var code: String
    public var name: String?
    public var isActive: Bool?
    public var canDeposit: Bool?
    public var canWithdraw: Bool?
    public var withdrawalFee: FixedDecimal?
    public var precision: FixedDecimal?
    public var limits: TransferLimits

    public init(
        id: String, code: String, name: String? = nil, isActive: Bool? = nil, canDeposit: Bool? = nil,
        canWithdraw: Bool? = nil, withdrawalFee: FixedDecimal? = nil, precision: FixedDecimal? = nil,
        limits: TransferLimits = TransferLimits()
    ) {
        self.id = id
        self.code = code
        self.name = name
        self.isActive = isActive
        self.canDeposit = canDeposit
        self.canWithdraw = canWithdraw
        self.withdrawalFee = withdrawalFee
        self.precision = precision
        self.limits = limits
    }
}

public struct TransferLimits: Hashable, Sendable {
    public var minimumDeposit: FixedDecimal?
    public var maximumDeposit: FixedDecimal?
    public var minimumWithdrawal: FixedDecimal?
    public var maximumWithdrawal: FixedDecimal?
    public var minimumAmount: FixedDecimal?
    public var maximumAmount: FixedDecimal?

    public init() {}
}
