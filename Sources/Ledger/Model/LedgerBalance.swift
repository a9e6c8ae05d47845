public import TradingCore

/// An account's balance after so many entries. `available` and `locked` are stored, `total` is their sum.
public struct LedgerBalance: Hashable, Sendable {
    public let account: LedgerAccount
    /// What may be moved or reserved. Never negative in an account of ours.
    public internal(set) var available: FixedDecimal
    /// What open reservations hold. Never negative.
    public internal(set) var locked: FixedDecimal
    /// How many entries the account has, and so the version of this row: each change is exactly one entry.
    public internal(set) var entryCount: Int64
    /// The hash of the last entry.
    public internal(set) var head: LedgerHash

    init(
        account: LedgerAccount, available: FixedDecimal, locked: FixedDecimal, entryCount: Int64, head: LedgerHash
    ) {
        self.account = account
        self.available = available
        self.locked = locked
        self.entryCount = entryCount
        self.head = head
    }

    /// Of an account that has no entry.
    public init(empty account: LedgerAccount) {
        self.init(
            account: account, available: .zero, locked: .zero, entryCount: 0, head: LedgerChain.start(account))
    }

    /// Both parts are kept so that this is in range; wrapping, since a row may have been changed by hand.
    public var total: FixedDecimal { FixedDecimal(raw: available.raw &+ locked.raw) }

    /// - Throws: ``LedgerError/overdraw(account:asked:available:)``,
    ///   ``LedgerError/overflow(account:available:change:)``.
    mutating func apply(_ change: BalanceChange) throws(LedgerError) {
        let (newAvailable, overflow) = available.raw.addingReportingOverflow(change.available)
        let (newLocked, lockedOverflow) = locked.raw.addingReportingOverflow(change.locked)
        let (_, totalOverflow) = newAvailable.addingReportingOverflow(newLocked)
        if overflow || lockedOverflow || totalOverflow {
            throw .overflow(account: account, available: available, change: FixedDecimal(raw: change.available))
        }
        if newAvailable < 0, change.available < 0, !account.mayOverdraw {
            throw .overdraw(account: account, asked: FixedDecimal(raw: -change.available), available: available)
        }
        available = FixedDecimal(raw: newAvailable)
        locked = FixedDecimal(raw: newLocked)
    }
}
