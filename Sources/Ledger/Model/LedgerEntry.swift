public import TradingCore

/// One entry of an account, as a statement shows it.
public struct LedgerEntry: Hashable, Sendable {
    /// Its number within the account, counted from 1.
    public let sequence: Int64
    /// The step that made it.
    public let step: LedgerStepID
    public let kind: LedgerStepKind
    /// The account on the other side.
    public let counterparty: LedgerAccount
    /// What it did to the available funds.
    public let available: FixedDecimal
    /// What it did to the locked funds.
    public let locked: FixedDecimal
    public let postedAt: Timestamp
    public let hash: LedgerHash
}
