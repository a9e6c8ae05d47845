public import Persistence
public import TradingCore

/// The ledger in an open transaction. Whoever books money does it in the transaction that changes the state it belongs
/// to, so that both are kept or neither.
///
/// Refusals are ``LedgerError``s, and leave nothing of their posting behind, also where the caller catches them and
/// goes on. ``LedgerError/changedMeanwhile(_:)`` is the exception: the transaction must fail then.
public struct LedgerStore {
    let transaction: any SQLTransaction

    public init(transaction: any SQLTransaction) { self.transaction = transaction }

    /// Applies a posting whole, or repeats what came of it if it was applied before.
    /// - Throws: a ``LedgerError``, or what the database says.
    @discardableResult
    public func apply(_ posting: LedgerPosting, now: Timestamp) throws -> LedgerReceipt {
        var book = try load(posting)
        let movements: [PlannedMovement]
        do { movements = try book.apply(posting, now: now) } catch {
            // Most often it has been applied, and so the books have moved on.
            if let earlier = try receiptOfRepeat(posting) { return earlier }
            throw error
        }
        if book.accounts.contains(where: { $0.rowID == nil }) {
            if let earlier = try receiptOfRepeat(posting) { return earlier }
            try createAccounts(&book)
        }
        guard try save(posting, movements, book, now) else {
            guard let earlier = try receiptOfRepeat(posting) else {
                throw LedgerError.changedMeanwhile("key \(posting.key)")
            }
            return earlier
        }
        return LedgerReceipt(
            key: posting.key, postedAt: now, isRepeat: false,
            movements: movements.map { $0.movement(in: book) })
    }

    /// Moves back all that an earlier posting has moved, in one new posting. Reservations it made are voided, not
    /// reversed.
    /// - Parameters:
    ///   - key: of the earlier posting.
    ///   - newKey: of the correction.
    /// - Throws: ``LedgerError/unknownStep(_:)``, ``LedgerError/alreadyReversed(_:by:)``,
    ///   ``LedgerError/notReversible(_:_:)`` where the earlier posting has steps that moved nothing, and what
    ///   ``apply(_:now:)`` throws.
    @discardableResult
    public func reverse(_ key: String, as newKey: String, now: Timestamp) throws -> LedgerReceipt {
        guard let earlier = try receipt(key) else { throw LedgerError.unknownStep(LedgerStepID(key)) }
        // Backwards, so that money goes back the way it came.
        let steps = earlier.movements.indices.reversed().map { LedgerStep.reverse(LedgerStepID(key, step: $0)) }
        return try apply(LedgerPosting(key: newKey, steps), now: now)
    }

    /// What came of giving reservations back each for itself.
    public struct Expiry: Hashable, Sendable {
        public internal(set) var expired: [LedgerReservation] = []
        /// Rows of `ledger_transfers` that could not be given back, and why; at most ``LedgerStore/maximumRefusals``.
        public internal(set) var refused: [Refusal] = []
    }

    public struct Refusal: Hashable, Sendable {
        public let rowID: Int64
        public let reason: String
    }

    /// So many are looked at, at most, that cannot be given back.
    public static let maximumRefusals = 1_000

    /// Gives back reservations whose time has come, the earliest first. One that cannot be read, or that the books refuse, keeps no
    /// other waiting.
    /// - Parameter limit: so many at most in this transaction. As many that expired means that there may be more.
    /// - Throws: `SQLError`, ``LedgerError/changedMeanwhile(_:)``: the transaction must fail then.
    public func expireDue(now: Timestamp, limit: Int = 100) throws -> Expiry {
        var expiry = Expiry()
        var last: DueReservation?
        while let page = try dueRows(now: now, after: last, limit: limit).nonEmpty {
            for row in page {
                last = row
                try expire(row, into: &expiry, now)
                if expiry.expired.count >= limit || expiry.refused.count >= Self.maximumRefusals { return expiry }
            }
        }
        return expiry
    }

    /// Gives back the reservation in one row, if it is open and due.
    /// - Returns: false when it is not, or not any more.
    public func expire(rowID: Int64, now: Timestamp) throws -> Bool {
        guard let reservation = try dueReservation(rowID, now: now) else { return false }
        _ = try expire(reservation, now: now)
        return true
    }

    private func expire(_ row: DueReservation, into expiry: inout Expiry, _ now: Timestamp) throws {
        // What cannot be read has written nothing, and neither has what the books refuse: both are found out before.
        do {
            guard let reservation = try dueReservation(row.rowID, now: now) else {
                // It is due, as its row says: then what the row refers to is not there.
                return expiry.refused.append(Refusal(rowID: row.rowID, reason: "one of its accounts is missing"))
            }
            expiry.expired.append(try expire(reservation, now: now))
        } catch let error as SQLError {
            guard case .decoding = error else { throw error }
            expiry.refused.append(Refusal(rowID: row.rowID, reason: "\(error)"))
        } catch let error as LedgerError {
            if case .changedMeanwhile = error { throw error }
            expiry.refused.append(Refusal(rowID: row.rowID, reason: "\(error)"))
        }
    }

    private func expire(_ reservation: LedgerReservation, now: Timestamp) throws -> LedgerReservation {
        try apply(LedgerPosting(expiring: reservation.id), now: now)
        var ended = reservation
        (ended.remaining, ended.status) = (.zero, .expired)
        return ended
    }
}

extension Array {
    fileprivate var nonEmpty: Self? { isEmpty ? nil : self }
}

extension PlannedMovement {
    fileprivate func movement(in book: LedgerBook) -> LedgerMovement {
        LedgerMovement(
            kind: kind, from: book.accounts[from].balance.account, to: book.accounts[to].balance.account,
            amount: amount, released: released, debitSequence: debit.sequence, creditSequence: credit?.sequence)
    }
}
