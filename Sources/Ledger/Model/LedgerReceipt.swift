public import TradingCore

/// What came of a posting. A repeated one gets the receipt of the first.
public struct LedgerReceipt: Hashable, Sendable {
    public let key: String
    public let postedAt: Timestamp
    /// Whether it had been applied before, and so nothing was changed now.
    public let isRepeat: Bool
    /// One for each step.
    public let movements: [LedgerMovement]
}

/// What one step did.
public struct LedgerMovement: Hashable, Sendable {
    public let kind: LedgerStepKind
    public let from: LedgerAccount
    public let to: LedgerAccount
    /// Moved; or locked by a reserve, given back by a void.
    public let amount: FixedDecimal
    /// Given back to `from` by a post that closed its reservation.
    public let released: FixedDecimal
    /// The entry's number within `from`, counted from 1.
    public let debitSequence: Int64
    /// The entry's number within `to`; nil where nothing arrived there.
    public let creditSequence: Int64?
}
