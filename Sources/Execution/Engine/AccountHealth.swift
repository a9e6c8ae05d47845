public import TradingCore

/// What all sessions on an account share: how far its data can be trusted, what may be done, how much may be sent.
public struct AccountHealth: Sendable {
    /// Set by operators for the whole server, and for this account.
    public var serverState = TradingState.active
    public var accountState = TradingState.active
    /// Requests allowed to this account; nil is no limit.
    public var budget: OrderBudget?
    /// The account's stream told something, if only that it lives.
    public var lastAccountData = Timestamp.distantPast
    /// What the newest record of the market said, or a heartbeat of its stream.
    public var lastMarketData = Timestamp.distantPast
    /// False between a gap in the market's data and the snapshot that heals it.
    public var marketIsTrusted = false
    /// Our clock less the exchange's.
    public var clockSkewNanoseconds: Int64 = 0
    public var hasBalanceDrift = false
    /// Intents can be stored. False: nothing may be sent that has to be stored first.
    public internal(set) var storageIsAvailable = true
    /// Nothing of ours can have happened at the exchange that we have not been told.
    public internal(set) var accountIsReconciled = true

    public init() {}

    /// The first reason why no order may go at all.
    @inline(__always)
    func blockage(_ limits: DataLimits, at now: Timestamp) -> RiskRefusal? {
        if !storageIsAvailable { return .storageUnavailable }
        if !accountIsReconciled { return .ownOrdersUnknown }
        if !marketIsTrusted { return .stalePublicData }
        if now.nanoseconds(since: lastMarketData) > limits.marketAge { return .stalePublicData }
        if now.nanoseconds(since: lastAccountData) > limits.accountAge { return .stalePrivateData }
        if clockSkewNanoseconds.magnitude > limits.clockSkew { return .clockSkew }
        return hasBalanceDrift ? .balanceDrift : nil
    }
}

/// The part of a session's limits that is looked at before every decision, small enough to be read where it stands.
struct DataLimits: Sendable {
    /// No limit is the longest that any age is held at.
    let marketAge: Int64
    let accountAge: Int64
    let clockSkew: UInt64

    init(_ limits: RiskLimits) {
        marketAge = limits.maximumDataAgeNanoseconds ?? .max
        accountAge = limits.maximumAccountDataAgeNanoseconds ?? .max
        clockSkew = limits.maximumClockSkewNanoseconds.magnitude
    }
}
