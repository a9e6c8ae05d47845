internal import TradingCore

/// The part of the books that one posting needs: what it reads, and what it leaves changed. A value without I/O.
///
/// Rows point at each other by place in these arrays. They are short, so a search is a walk.
struct LedgerBook {
    struct Account {
        /// The row's number; nil while there is no row.
        var rowID: Int64?
        var balance: LedgerBalance
        /// How many entries the row counts.
        let storedCount: Int64

        var isChanged: Bool { balance.entryCount != storedCount }

        init(rowID: Int64?, balance: LedgerBalance) {
            self.rowID = rowID
            self.balance = balance
            storedCount = balance.entryCount
        }
    }

    struct Reservation {
        let rowID: Int64
        let id: LedgerStepID
        let from: Int
        let to: Int
        let expiresAt: Timestamp?
        var remaining: FixedDecimal
        var status: LedgerReservation.Status
        var isChanged = false
    }

    /// A step of an earlier posting that shall be reversed.
    struct Original {
        let rowID: Int64
        let id: LedgerStepID
        let kind: LedgerStepKind
        let from: Int
        let to: Int
        let amount: FixedDecimal
        var reversedBy: LedgerStepID?
    }

    var accounts: [Account] = []
    var reservations: [Reservation] = []
    var originals: [Original] = []

    func index(of account: LedgerAccount) -> Int? { accounts.firstIndex { $0.balance.account == account } }

    /// Adds an account as stored, unless it is here.
    mutating func add(rowID: Int64, _ balance: LedgerBalance) -> Int {
        if let index = accounts.firstIndex(where: { $0.rowID == rowID }) { return index }
        accounts.append(Account(rowID: rowID, balance: balance))
        return accounts.count - 1
    }

    /// Adds an account that has no row, unless it is here.
    mutating func addIfMissing(_ account: LedgerAccount) {
        if index(of: account) == nil { accounts.append(Account(rowID: nil, balance: LedgerBalance(empty: account))) }
    }
}

/// What a step comes to, ready to be stored.
struct PlannedMovement {
    /// One side's place in its account's chain.
    struct Entry {
        let sequence: Int64
        let hash: LedgerHash
    }

    let kind: LedgerStepKind
    /// Places in ``LedgerBook/accounts``.
    let from: Int
    let to: Int
    let amount: FixedDecimal
    var released = FixedDecimal.zero
    /// A place in ``LedgerBook/reservations``.
    var reservation: Int?
    /// A place in ``LedgerBook/originals``.
    var original: Int?
    var expiresAt: Timestamp?
    let debit: Entry
    let credit: Entry?
}
