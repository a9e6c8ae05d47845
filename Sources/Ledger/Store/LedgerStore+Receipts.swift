internal import Persistence
internal import TradingCore

extension LedgerStore {
    /// What came of an earlier posting.
    /// - Returns: nil when there was none of this key.
    public func receipt(_ key: String) throws -> LedgerReceipt? {
        let steps = try steps(of: key)
        guard let head = steps.first else { return nil }
        return LedgerReceipt(
            key: key, postedAt: head.postedAt, isRepeat: true, movements: steps.map(\.movement))
    }

    /// The receipt of the same posting, applied before.
    /// - Returns: nil when its key is new.
    /// - Throws: ``LedgerError/keyReused(key:stored:asked:)``.
    func receiptOfRepeat(_ posting: LedgerPosting) throws -> LedgerReceipt? {
        let steps = try steps(of: posting.key)
        guard let head = steps.first else { return nil }
        guard head.contentHash == posting.contentHash else {
            throw LedgerError.keyReused(
                key: posting.key, stored: LedgerContent.text(try steps.map { try $0.asked() }),
                asked: posting.content)
        }
        return LedgerReceipt(
            key: posting.key, postedAt: head.postedAt, isRepeat: true, movements: steps.map(\.movement))
    }

    private func steps(of key: String) throws -> [StoredStep] {
        guard let head = try transaction.row(StoredStep.query + "WHERE t.key = \(key)").map(StoredStep.init) else {
            return []
        }
        let tail = try transaction.rows(StoredStep.query + "WHERE t.list_id = \(head.rowID) ORDER BY t.step")
        return [head] + (try tail.map(StoredStep.init))
    }
}
