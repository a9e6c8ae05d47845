internal import TradingCore

/// Walks one account's chain, entry by entry, and compares what comes of it with the account's row. Pure.
///
/// Only the row and its open reservations have to be of one moment: entries up to the row's count never change, so they
/// may be read in pages while writers go on.
struct ChainAudit: Sendable {
    /// The row, and the open reservations of the same moment.
    struct Row: Sendable {
        let rowID: Int64
        let balance: LedgerBalance
        /// What remains, by the reserve step's row.
        let openReservations: [OpenReservation]
    }

    struct OpenReservation: Hashable, Sendable {
        let rowID: Int64
        let id: LedgerStepID
        let remaining: FixedDecimal
    }

    struct Entry: Sendable {
        let sequence: Int64
        let isDebit: Bool
        let hash: LedgerHash
        let step: LedgerStepID
        let transferID: Int64
        let kind: LedgerStepKind
        let amount: FixedDecimal
        let released: FixedDecimal
        let postedAt: Timestamp
        /// Nil where the posting's first step is gone.
        let contentHash: LedgerHash?
        let reservation: Reservation?

        /// The reservation that the entry settles, as its row is now.
        struct Reservation: Sendable {
            let rowID: Int64
            let status: String
            let remaining: String
        }

        var change: BalanceChange {
            isDebit
                ? kind.debit(amount: amount.raw, released: released.raw)
                : BalanceChange(available: amount.raw, locked: 0)
        }
    }

    let row: Row
    private(set) var sequence: Int64 = 0
    /// The stored hash of the entry before; nil after a gap, where nobody knows it.
    private var previous: LedgerHash?
    private var available: Int128 = 0
    private var locked: Int128 = 0
    /// What the entries leave open, by the reserve step's row. Looked up, and sorted before it is walked.
    private var open: [Int64: (id: LedgerStepID, remaining: Int128)] = [:]

    init(_ row: Row) {
        self.row = row
        previous = LedgerChain.start(row.balance.account)
    }

    private var account: LedgerAccount { row.balance.account }
    private var isNegative: Bool { (available < 0 && !account.mayOverdraw) || locked < 0 }

    // MARK: - Entries

    mutating func take(_ entry: Entry, _ report: inout LedgerReport) {
        checkNumber(entry.sequence, &report)
        checkHash(entry, &report)
        (sequence, previous) = (entry.sequence, entry.hash)
        let wasNegative = isNegative
        available &+= entry.change.available
        locked &+= entry.change.locked
        if isNegative, !wasNegative {
            report.add(
                finding(
                    .negative, entry, "no amount below zero", "available \(text(available)), locked \(text(locked))"))
        }
        if entry.isDebit { follow(entry, &report) }
    }

    /// Passes an entry that nobody can read.
    mutating func skip(_ number: Int64, _ report: inout LedgerReport) {
        checkNumber(number, &report)
        (sequence, previous) = (number, nil)
    }

    private mutating func checkNumber(_ number: Int64, _ report: inout LedgerReport) {
        if number <= sequence {
            report.add(
                LedgerFinding(
                    rule: .doubledEntry, account: account.path, sequence: number, step: nil,
                    expected: "entry \(sequence &+ 1)", found: "entry \(number) again"))
        } else if number > sequence &+ 1 {
            reportMissing(upTo: number &- 1, &report)
            previous = nil
        }
    }

    private func checkHash(_ entry: Entry, _ report: inout LedgerReport) {
        guard let contentHash = entry.contentHash else {
            report.add(finding(.changedEntry, entry, "a posting it belongs to", "none"))
            return
        }
        guard let previous else { return }
        let link = LedgerChain.Entry(
            sequence: entry.sequence, contentHash: contentHash, step: entry.step.step, change: entry.change,
            postedAt: entry.postedAt)
        let expected = link.hash(after: previous)
        if expected != entry.hash {
            report.add(finding(.changedEntry, entry, "hash \(expected)", "\(entry.hash)"))
        }
    }

    private func reportMissing(upTo last: Int64, _ report: inout LedgerReport) {
        let numbers = last == sequence &+ 1 ? "entry \(last)" : "entries \(sequence &+ 1) to \(last)"
        report.add(
            LedgerFinding(
                rule: .missingEntry, account: account.path, sequence: sequence &+ 1, step: nil, expected: numbers,
                found: "none"))
    }

    // MARK: - Reservations

    /// Follows what the entry does to a reservation.
    private mutating func follow(_ entry: Entry, _ report: inout LedgerReport) {
        if entry.kind == .reserve { open[entry.transferID] = (entry.step, entry.amount.raw) }
        guard let reservation = entry.reservation else { return }
        guard let before = open[reservation.rowID] else {
            report.add(finding(.reservation, entry, "a reservation open before", "none"))
            return
        }
        let remaining = before.remaining &- entry.amount.raw &- entry.released.raw
        if remaining < 0 {
            report.add(
                finding(
                    .reservation, entry, "at most \(text(before.remaining)) of \(before.id) settled", "\(entry.amount)")
            )
        }
        open[reservation.rowID] = remaining == 0 ? nil : (before.id, remaining)
        let status = entry.kind.closing.rawValue
        if remaining == 0, reservation.status != status || reservation.remaining != "0" {
            report.add(
                finding(
                    .reservation, entry, "\(before.id) \(status), 0 left",
                    "\(reservation.status), \(reservation.remaining) left"))
        }
    }

    // MARK: - The row

    mutating func finish(_ report: inout LedgerReport) {
        let balance = row.balance
        if sequence < balance.entryCount {
            reportMissing(upTo: balance.entryCount, &report)
        } else if let previous, previous != balance.head {
            report.add(finding(.head, "\(previous)", "\(balance.head)"))
        }
        if balance.available.raw != available || balance.locked.raw != locked {
            report.add(
                finding(
                    .balance, "available \(text(available)), locked \(text(locked))",
                    "available \(balance.available), locked \(balance.locked)"))
        }
        compareReservations(&report)
    }

    private func compareReservations(_ report: inout LedgerReport) {
        let stored = row.openReservations.sorted { $0.rowID < $1.rowID }
        let expected = open.sorted { $0.key < $1.key }.map {
            OpenReservation(rowID: $0.key, id: $0.value.id, remaining: FixedDecimal(raw: $0.value.remaining))
        }
        for reservation in stored where expected.reservation(reservation.rowID) == nil {
            report.add(difference(reservation, expected: "closed", found: "open, \(reservation.remaining) left"))
        }
        for reservation in expected {
            let found = stored.reservation(reservation.rowID)
            if found?.remaining == reservation.remaining { continue }
            report.add(
                difference(
                    reservation, expected: "open, \(reservation.remaining) left",
                    found: found.map { "\($0.remaining) left" } ?? "none open"))
        }
        let sum = stored.reduce(Int128(0)) { $0 &+ $1.remaining.raw }
        if sum != row.balance.locked.raw {
            report.add(finding(.reservation, "open reservations of \(row.balance.locked), which is locked", text(sum)))
        }
    }

    // MARK: - Findings

    private func text(_ raw: Int128) -> String { "\(FixedDecimal(raw: raw))" }

    private func finding(
        _ rule: LedgerFinding.Rule, _ entry: Entry, _ expected: String, _ found: String
    ) -> LedgerFinding {
        LedgerFinding(
            rule: rule, account: account.path, sequence: entry.sequence, step: "\(entry.step)", expected: expected,
            found: found)
    }

    private func finding(_ rule: LedgerFinding.Rule, _ expected: String, _ found: String) -> LedgerFinding {
        LedgerFinding(rule: rule, account: account.path, sequence: nil, step: nil, expected: expected, found: found)
    }

    private func difference(_ reservation: OpenReservation, expected: String, found: String) -> LedgerFinding {
        LedgerFinding(
            rule: .reservation, account: account.path, sequence: nil, step: "\(reservation.id)", expected: expected,
            found: found)
    }
}

extension LedgerStepKind {
    /// What a reservation is once a step of this kind leaves nothing of it.
    fileprivate var closing: LedgerReservation.Status {
        switch self {
        case .void: .voided
        case .expire: .expired
        case .transfer, .reserve, .post, .postAndRelease, .postWhole, .reversal: .posted
        }
    }
}

extension [ChainAudit.OpenReservation] {
    /// Binary search in an array sorted by row.
    fileprivate func reservation(_ rowID: Int64) -> Element? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].rowID < rowID { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low].rowID == rowID ? self[low] : nil
    }
}
