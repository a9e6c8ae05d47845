/// Something in the books that does not add up.
public struct LedgerFinding: Hashable, Sendable {
    public enum Rule: String, CaseIterable, Sendable {
        /// An entry's hash does not follow from what it says and the hash before it.
        case changedEntry
        /// Numbers are left out, within the chain or at its end.
        case missingEntry
        /// Two entries have one number.
        case doubledEntry
        /// There is an entry that the balance row does not count.
        case uncountedEntry
        /// The balance row says something else than its entries.
        case balance
        /// The balance row's head is not the last entry's hash.
        case head
        /// An account of ours was, or locked funds were, below zero after this entry.
        case negative
        /// A reservation's row says something else than the entries that made and settled it.
        case reservation
        /// A posting's hash does not follow from its steps: accounts, amounts, key or order were changed, or steps are
        /// missing.
        case changedPosting
        /// The balances of an asset do not sum to zero.
        case assetSum
        /// An account was opened, and is gone or without entries.
        case missingAccount
        /// There is an account that was never opened.
        case unopenedAccount
        /// The chain of openings was changed or cut.
        case opening
        /// A row lets its account overdraw that may not by its kind, or the other way round.
        case overdraft
        /// A row holds what no version of this server writes.
        case unreadable
    }

    public let rule: Rule
    /// The account's path; of `assetSum` the asset, of `opening` a table or a path.
    public let account: String
    /// The entry's number within the account.
    public var sequence: Int64?
    /// The step, or reservation, or key.
    public var step: String?
    public let expected: String
    public let found: String
}

extension LedgerFinding: CustomStringConvertible {
    public var description: String {
        var place = account
        if let sequence { place += " entry \(sequence)" }
        if let step { place += " (\(step))" }
        return "\(rule.rawValue): \(place): expected \(expected), found \(found)"
    }
}

/// What a verification has looked at, and what it found.
public struct LedgerReport: Hashable, Sendable {
    /// So many findings are kept; all are counted.
    public static let maximumFindings = 1_000

    public internal(set) var accounts = 0
    public internal(set) var entries = 0
    public internal(set) var postings = 0
    public internal(set) var openReservations = 0
    public internal(set) var findings: [LedgerFinding] = []
    public internal(set) var findingCount = 0
    public internal(set) var isFinished = false

    /// Whether all was looked at and everything adds up.
    public var isSound: Bool { isFinished && findingCount == 0 }

    mutating func add(_ finding: LedgerFinding) {
        findingCount += 1
        if findings.count < Self.maximumFindings { findings.append(finding) }
    }
}
