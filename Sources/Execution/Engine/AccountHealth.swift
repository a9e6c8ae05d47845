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
    func blockage(_ limits: RiskLimits, at now: Timestamp) -> RiskRefusal? {
        if !storageIsAvailable { return .storageUnavailable }
        if !accountIsReconciled { return .ownOrdersUnknown }
        if !marketIsTrusted { return .stalePublicData }
        if let age = limits.maximumDataAgeNanoseconds, now.nanoseconds(since: lastMarketData) > age {
            return .stalePublicData
        }
        if let age = limits.maximumAccountDataAgeNanoseconds, now.nanoseconds(since: lastAccountData) > age {
            return .stalePrivateData
        }
        if clockSkewNanoseconds.magnitude > limits.maximumClockSkewNanoseconds.magnitude { return .clockSkew }
        return hasBalanceDrift ? .balanceDrift : nil
    }
}
