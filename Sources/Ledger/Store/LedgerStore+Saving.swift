internal import Persistence
internal import TradingCore

/// Writes what the rules have decided. The posting's key comes first: where it was there already, nothing has been
/// written.
extension LedgerStore {
    /// - Returns: false, with nothing written, when the key was used before.
    func save(
        _ posting: LedgerPosting, _ movements: [PlannedMovement], _ book: LedgerBook, _ now: Timestamp
    ) throws -> Bool {
        let head = Self.insert + row(posting, movements[0], 0, list: nil, book, now) + Self.unlessRepeated
        guard let id: Int64 = try transaction.row(head)?.get(0) else { return false }
        if movements.count > 1 {
            var tail = Self.insert
            for step in 1..<movements.count {
                if step > 1 { tail = tail + ", " }
                tail = tail + row(posting, movements[step], step, list: id, book, now)
            }
            try transaction.execute(tail)
        }
        for reservation in book.reservations where reservation.isChanged { try save(reservation) }
        for account in book.accounts where account.isChanged { try save(account) }
        return true
    }

    private static let insert: SQL = """
        INSERT INTO ledger_transfers (key, content_hash, list_id, step, kind, debit_account, debit_sequence,
            debit_hash, credit_account, credit_sequence, credit_hash, amount, released, reservation_id, reverses_id,
            status, remaining, expires_at, posted_at) VALUES 
        """
    private static let unlessRepeated: SQL = " ON CONFLICT (key) DO NOTHING RETURNING id"

    private func row(
        _ posting: LedgerPosting, _ movement: PlannedMovement, _ step: Int, list: Int64?, _ book: LedgerBook,
        _ now: Timestamp
    ) -> SQL {
        let isHead = list == nil
        let isReserve = movement.kind == .reserve
        let (key, contentHash) = (isHead ? posting.key : nil, isHead ? posting.contentHash : nil)
        let released = movement.kind == .postAndRelease ? movement.released : nil
        let reservation = movement.reservation.map { book.reservations[$0].rowID }
        let original = movement.original.map { book.originals[$0].rowID }
        let status = isReserve ? LedgerReservation.Status.open.rawValue : nil
        let remaining = isReserve ? movement.amount : nil
        return """
            (\(key.sqlValue), \(contentHash.sqlValue), \(list.sqlValue), \(step), \(movement.kind.rawValue), \
            \(book.accounts[movement.from].rowID.sqlValue), \(movement.debit.sequence), \(movement.debit.hash), \
            \(book.accounts[movement.to].rowID.sqlValue), \(movement.credit?.sequence.sqlValue ?? .null), \
            \(movement.credit?.hash.sqlValue ?? .null), \(movement.amount), \(released.sqlValue), \
            \(reservation.sqlValue), \(original.sqlValue), \(status.sqlValue), \(remaining.sqlValue), \
            \(movement.expiresAt.sqlValue), \(now))
            """
    }

    private func save(_ reservation: LedgerBook.Reservation) throws {
        let changed = try transaction.execute(
            """
            UPDATE ledger_transfers SET remaining = \(reservation.remaining), status = \(reservation.status.rawValue)
            WHERE id = \(reservation.rowID) AND status = 'open'
            """)
        if changed != 1 { throw LedgerError.changedMeanwhile("reservation \(reservation.id)") }
    }

    /// Compare and set: each change is one entry, so the count of entries before is the version that was read.
    private func save(_ account: LedgerBook.Account) throws {
        let balance = account.balance
        let changed = try transaction.execute(
            """
            UPDATE ledger_accounts SET available = \(balance.available), locked = \(balance.locked),
                entry_count = \(balance.entryCount), head = \(balance.head)
            WHERE id = \(account.rowID.sqlValue) AND entry_count = \(account.storedCount)
            """)
        if changed != 1 { throw LedgerError.changedMeanwhile("account \(balance.account)") }
    }

    /// Makes rows for accounts that have none.
    func createAccounts(_ book: inout LedgerBook) throws {
        for index in book.accounts.indices where book.accounts[index].rowID == nil {
            let empty = LedgerBalance(empty: book.accounts[index].balance.account)
            let row = try transaction.row(
                """
                INSERT INTO ledger_accounts (path, may_overdraw, available, locked, entry_count, head)
                VALUES (\(empty.account.path), \(empty.account.mayOverdraw), \(empty.available), \(empty.locked), 0,
                    \(empty.head)) RETURNING id
                """)
            book.accounts[index].rowID = try row?.get(0)
        }
    }
}
