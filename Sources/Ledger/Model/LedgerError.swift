public import TradingCore

/// What the ledger refuses. Nothing of the posting is stored then.
public enum LedgerError: Error, Hashable, Sendable {
    case badAccount(String, rule: String)
    case badKey(String, rule: String)
    case stepCount(Int, limit: Int)
    case amountNotPositive(step: Int, FixedDecimal)
    case sameAccount(step: Int, LedgerAccount)
    case mixedAssets(step: Int, from: LedgerAccount, to: LedgerAccount)
    /// An account of ours has less than that.
    case overdraw(account: LedgerAccount, asked: FixedDecimal, available: FixedDecimal)
    /// A balance would leave the range of ``FixedDecimal``.
    case overflow(account: LedgerAccount, available: FixedDecimal, change: FixedDecimal)
    /// The key was used before, for something else.
    case keyReused(key: String, stored: String, asked: String)
    /// There is no reservation of this name.
    case unknownReservation(LedgerStepID)
    case reservationClosed(LedgerStepID, LedgerReservation.Status)
    /// Its time has come, so it cannot be posted any more.
    case reservationExpired(LedgerStepID, expiresAt: Timestamp, now: Timestamp)
    /// Its time has not come, or it has none, so it cannot expire.
    case reservationNotDue(LedgerStepID, expiresAt: Timestamp?, now: Timestamp)
    case overPost(LedgerStepID, asked: FixedDecimal, remaining: FixedDecimal)
    /// There is no such step to reverse.
    case unknownStep(LedgerStepID)
    /// A step of this kind has moved nothing between accounts, or is a reversal itself.
    case notReversible(LedgerStepID, LedgerStepKind)
    case alreadyReversed(LedgerStepID, by: LedgerStepID)
    /// A balance or reservation changed between reading and writing it. The whole transaction must be given up.
    case changedMeanwhile(String)
    /// A row holds what no version of this server writes.
    case unreadable(table: String, id: Int64, why: String)
}

extension LedgerError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badAccount(let path, let rule): "\"\(path)\" is no ledger account: \(rule)"
        case .badKey(let key, let rule): "\"\(key)\" is no ledger key: \(rule)"
        case .stepCount(let count, let limit): "a posting has 1 to \(limit) steps, not \(count)"
        case .amountNotPositive(let step, let amount): "step \(step) moves \(amount); an amount is above zero"
        case .sameAccount(let step, let account): "step \(step) moves money from \(account) to itself"
        case .mixedAssets(let step, let from, let to): "step \(step) moves \(from.asset) of \(from) to \(to)"
        case .overdraw(let account, let asked, let available):
            "\(account) has \(available) available, \(asked) was asked for"
        case .overflow(let account, let available, let change):
            "\(account) has \(available), and a change of \(change) would leave the range of amounts"
        case .keyReused(let key, let stored, let asked):
            "key \(key) was used for [\(stored)], now for [\(asked)]"
        case .unknownReservation(let id): "there is no reservation \(id)"
        case .reservationClosed(let id, let status): "reservation \(id) is \(status.rawValue)"
        case .reservationExpired(let id, let expiresAt, let now):
            "reservation \(id) expired at \(expiresAt.nanoseconds) ns, it is \(now.nanoseconds) ns"
        case .reservationNotDue(let id, let expiresAt, let now):
            "reservation \(id) expires \(expiresAt.map { "at \($0.nanoseconds) ns" } ?? "never"), it is \(now.nanoseconds) ns"
        case .overPost(let id, let asked, let remaining):
            "reservation \(id) has \(remaining) left, \(asked) was to be posted"
        case .unknownStep(let id): "there is no step \(id)"
        case .notReversible(let id, let kind): "step \(id) is a \(kind.rawValue), which cannot be reversed"
        case .alreadyReversed(let id, let by): "step \(id) was reversed by \(by) already"
        case .changedMeanwhile(let what): "\(what) changed while it was being written"
        case .unreadable(let table, let id, let why): "\(table) row \(id) cannot be read: \(why)"
        }
    }
}
