internal import Persistence
internal import TradingCore

/// Writes what the rules have decided. The posting's key comes first: where it was there already, nothing has been
/// written.
extension LedgerStore {
    /// - Returns: false, with nothing written, when the key was used before.
    func save(
        _ posting: LedgerPosting, _ movements: [PlannedMovement], _ book: LedgerBook, _ now: Timestamp
    ) throws -> Bool {
        try lock(book.accounts.filter(\.isChanged))
        // `RETURNING` would cost SQLite a temporary table, so the row's number is asked for only where it is needed.
        let head = values(posting, movements[0], 0, list: nil, book, now)
        guard try transaction.execute(SQL(Self.insertHead, head)) == 1 else { return false }
        if movements.count > 1 { try saveTail(posting, movements, book, now) }
        for reservation in book.reservations where reservation.isChanged { try save(reservation) }
        for account in book.accounts where account.isChanged { try save(account) }
        return true
    }

    /// Where several nodes write: of two that change one account at once, the later waits here, and loses by a serialisation failure, which is run
    /// again. At its entry it would lose by the entry's number, taken already, which nobody can tell from a wrong chain.
    ///
    /// In one order for everybody, so that two postings never wait for each other.
    private func lock(_ accounts: [LedgerBook.Account]) throws {
        guard transaction.dialect == .postgres, !accounts.isEmpty else { return }
        // As strong as the update that follows, so that entries of others that only name the account go on.
        try transaction.execute(
            """
            SELECT id FROM ledger_accounts WHERE id IN (\(values: accounts.map(\.rowID.sqlValue)))
            ORDER BY id FOR NO KEY UPDATE
            """)
    }

    private func saveTail(
        _ posting: LedgerPosting, _ movements: [PlannedMovement], _ book: LedgerBook, _ now: Timestamp
    ) throws {
        let row = try transaction.row("SELECT id FROM ledger_transfers WHERE key = \(posting.key)")
        let id: Int64? = try row?.get(0)
        var tail: SQL = "INSERT INTO ledger_transfers (\(raw: Self.columns)) VALUES "
        for step in 1..<movements.count {
            if step > 1 { tail = tail + ", " }
            tail = tail + "(\(values: values(posting, movements[step], step, list: id, book, now)))"
        }
        try transaction.execute(tail)
    }

    private static let columns = """
        key, content_hash, list_id, step, kind, debit_account, debit_sequence, debit_hash, credit_account, \
        credit_sequence, credit_hash, amount, released, reservation_id, reverses_id, status, remaining, expires_at, \
        posted_at
        """
    private static let insertHead = SQLStatement(
        """
        INSERT INTO ledger_transfers (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
        ON CONFLICT (key) DO NOTHING
        """)

    /// One for each of ``columns``.
    private func values(
        _ posting: LedgerPosting, _ movement: PlannedMovement, _ step: Int, list: Int64?, _ book: LedgerBook,
        _ now: Timestamp
    ) -> [SQLValue] {
        let isHead = list == nil
        let isReserve = movement.kind == .reserve
        return [
            isHead ? .text(posting.key) : .null, isHead ? posting.contentHash.sqlValue : .null, list.sqlValue,
            .integer(Int64(step)), .text(movement.kind.rawValue), book.accounts[movement.from].rowID.sqlValue,
            .integer(movement.debit.sequence), movement.debit.hash.sqlValue,
            book.accounts[movement.to].rowID.sqlValue, movement.credit.map { .integer($0.sequence) } ?? .null,
            movement.credit.map(\.hash.sqlValue) ?? .null, movement.amount.sqlValue,
            movement.kind == .postAndRelease ? movement.released.sqlValue : .null,
            movement.reservation.map { .integer(book.reservations[$0].rowID) } ?? .null,
            movement.original.map { .integer(book.originals[$0].rowID) } ?? .null,
            isReserve ? .text(LedgerReservation.Status.open.rawValue) : .null,
            isReserve ? movement.amount.sqlValue : .null, movement.expiresAt.sqlValue, now.sqlValue,
        ]
    }

    private static let updateReservation = SQLStatement(
        "UPDATE ledger_transfers SET remaining = ?, status = ? WHERE id = ? AND status = 'open'")

    private func save(_ reservation: LedgerBook.Reservation) throws {
        let values: [SQLValue] = [
            reservation.remaining.sqlValue, .text(reservation.status.rawValue), .integer(reservation.rowID),
        ]
        let changed = try transaction.execute(SQL(Self.updateReservation, values))
        if changed != 1 { throw LedgerError.changedMeanwhile("reservation \(reservation.id)") }
    }

    private static let updateAccount = SQLStatement(
        """
        UPDATE ledger_accounts SET available = ?, locked = ?, entry_count = ?, head = ? \
        WHERE id = ? AND entry_count = ?
        """)

    /// Compare and set: each change is one entry, so the count of entries before is the version that was read.
    private func save(_ account: LedgerBook.Account) throws {
        let balance = account.balance
        let values: [SQLValue] = [
            balance.available.sqlValue, balance.locked.sqlValue, .integer(balance.entryCount), balance.head.sqlValue,
            account.rowID.sqlValue, .integer(account.storedCount),
        ]
        // An account that only reservations name, which may come to it, has no entry and is not opened.
        if account.storedCount == 0 { try LedgerOpenings(transaction: transaction).add(balance.account.path) }
        let changed = try transaction.execute(SQL(Self.updateAccount, values))
        if changed != 1 { throw LedgerError.changedMeanwhile("account \(balance.account)") }
    }
}
