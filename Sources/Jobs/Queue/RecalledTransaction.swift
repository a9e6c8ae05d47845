import Persistence
import Synchronization

/// Says to a transactional handler that its time is over. Nothing can stop one from outside, for it runs on the writer's thread and
/// not in its task; but its next statement can be refused.
final class Recall: Sendable {
    private let isRaised = Atomic(false)

    func raise() { isRaised.store(true, ordering: .relaxed) }

    /// - Throws: `SQLError.other`, as of a statement that failed.
    func check() throws(SQLError) {
        if isRaised.load(ordering: .relaxed) { throw .other("the job's time is over") }
    }
}

/// The transaction of a handler that can be told to stop.
final class RecalledTransaction: SQLTransaction {
    private let base: any SQLTransaction
    private let recall: Recall
    /// A statement was refused: whatever the handler made of it, its work is not whole.
    private var isCut = false

    init(_ base: any SQLTransaction, _ recall: Recall) {
        self.base = base
        self.recall = recall
    }

    var dialect: SQLDialect { base.dialect }

    func execute(_ sql: SQL) throws(SQLError) -> Int {
        try check()
        return try base.execute(sql)
    }

    func executeLater(_ sql: SQL) throws(SQLError) -> LaterChanges {
        try check()
        return try base.executeLater(sql)
    }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] {
        try check()
        return try base.rows(sql)
    }

    func row(_ sql: SQL) throws(SQLError) -> SQLRow? {
        try check()
        return try base.row(sql)
    }

    func notify(_ channel: String) throws(SQLError) { try base.notify(channel) }

    /// After the handler has returned.
    func finish() throws(SQLError) { if isCut { try recall.check() } }

    private func check() throws(SQLError) {
        do { try recall.check() } catch {
            isCut = true
            throw error
        }
    }
}
