public import TradingCore

/// Funds of one account, locked for another.
public struct LedgerReservation: Hashable, Sendable {
    public enum Status: String, CaseIterable, Sendable {
        case open
        /// Nothing remains: the last of it was posted, or its rest released by a post.
        case posted
        case voided
        case expired
    }

    public let id: LedgerStepID
    public let from: LedgerAccount
    public let to: LedgerAccount
    /// What was reserved at first.
    public let amount: FixedDecimal
    /// What is still locked.
    public internal(set) var remaining: FixedDecimal
    public internal(set) var status: Status
    /// From here on it cannot be posted any more, and ``LedgerStore/expire(now:limit:)`` gives it back.
    public let expiresAt: Timestamp?
}
