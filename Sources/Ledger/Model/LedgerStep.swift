public import TradingCore

/// One step of a posting, by the posting's key and the step's place in it, counted from zero: `order-7#0`.
public struct LedgerStepID: Hashable, Sendable, CustomStringConvertible {
    public let key: String
    public let step: Int

    public init(_ key: String, step: Int = 0) {
        self.key = key
        self.step = step
    }

    public var description: String { "\(key)#\(step)" }
}

/// What can happen to money. Amounts are positive; money leaves `from`, the debit account, and arrives at `to`, the
/// credit account, both of the same asset.
public enum LedgerStep: Hashable, Sendable {
    /// Moves an amount at once.
    case transfer(from: LedgerAccount, to: LedgerAccount, FixedDecimal)
    /// Locks an amount of `from` for `to`, until it is posted, voided, or has expired.
    case reserve(from: LedgerAccount, to: LedgerAccount, FixedDecimal, expiresAt: Timestamp? = nil)
    /// Moves part of a reservation, or all of it. What remains stays reserved; where nothing remains it is closed.
    case post(LedgerStepID, FixedDecimal)
    /// Moves part of a reservation and gives back the rest, which closes it.
    case postAndRelease(LedgerStepID, FixedDecimal)
    /// Moves all that remains of a reservation, which closes it.
    case postWhole(LedgerStepID)
    /// Gives back all that remains of a reservation, which closes it.
    case void(LedgerStepID)
    /// As `void`, of a reservation whose time has come: ``LedgerStore/expire(now:limit:)`` makes these.
    case expire(LedgerStepID)
    /// Moves back what an earlier step has moved. Once for each step; what was reversed cannot be reversed again.
    case reverse(LedgerStepID)

    public var kind: LedgerStepKind {
        switch self {
        case .transfer: .transfer
        case .reserve: .reserve
        case .post: .post
        case .postAndRelease: .postAndRelease
        case .postWhole: .postWhole
        case .void: .void
        case .expire: .expire
        case .reverse: .reversal
        }
    }

    /// The reservation that is posted or closed.
    var reservation: LedgerStepID? {
        switch self {
        case .post(let id, _), .postAndRelease(let id, _), .postWhole(let id), .void(let id), .expire(let id): id
        case .transfer, .reserve, .reverse: nil
        }
    }
}

/// The kinds of steps, as they are stored.
public enum LedgerStepKind: String, CaseIterable, Sendable {
    case transfer
    case reserve
    case post
    case postAndRelease = "post_release"
    case postWhole = "post_whole"
    case void
    case expire
    case reversal

    /// Whether money arrives at the credit account, so that it has an entry there.
    var isCredited: Bool {
        switch self {
        case .transfer, .post, .postAndRelease, .postWhole, .reversal: true
        case .reserve, .void, .expire: false
        }
    }

    /// What a step of this kind does to its debit account. The credit account's available funds grow by `amount` where
    /// ``isCredited``.
    ///
    /// Wrapping: amounts of a posting are positive, and what a verification reads may be anything.
    /// - Parameter released: given back by a post that closes its reservation.
    func debit(amount: Int128, released: Int128) -> BalanceChange {
        switch self {
        case .transfer, .reversal: BalanceChange(available: 0 &- amount, locked: 0)
        case .reserve: BalanceChange(available: 0 &- amount, locked: amount)
        case .post, .postAndRelease, .postWhole:
            BalanceChange(available: released, locked: 0 &- amount &- released)
        case .void, .expire: BalanceChange(available: amount, locked: 0 &- amount)
        }
    }
}

/// What one entry does to its account's balance, in counts of 10⁻¹⁸.
struct BalanceChange: Hashable, Sendable {
    var available: Int128
    var locked: Int128
}
