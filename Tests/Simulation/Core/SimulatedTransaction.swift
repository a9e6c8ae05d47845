import Persistence

/// A transaction that can fail at a statement, and that keeps the words it would send.
final class SimulatedTransaction: SQLTransaction {
    private let base: any SQLTransaction
    /// The statement that fails, counted from zero; nil is none.
    private let failing: Int?
    private var statements = 0
    private(set) var failure: SQLError?
    private(set) var channels: [String] = []
    /// False when no statement can have changed anything.
    private(set) var mayHaveChanged = false

    init(_ base: any SQLTransaction, failing: Int?) {
        self.base = base
        self.failing = failing
    }

    var dialect: SQLDialect { base.dialect }

    func execute(_ sql: SQL) throws(SQLError) -> Int {
        try pass()
        let changed = try base.execute(sql)
        if changed > 0 { mayHaveChanged = true }
        return changed
    }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] {
        try pass()
        let rows = try base.rows(sql)
        // A statement that changes rows gives them back.
        if !rows.isEmpty { mayHaveChanged = true }
        return rows
    }

    func row(_ sql: SQL) throws(SQLError) -> SQLRow? {
        try pass()
        let row = try base.row(sql)
        if row != nil { mayHaveChanged = true }
        return row
    }

    func notify(_ channel: String) throws(SQLError) {
        if let failure { throw failure }
        if !channels.contains(channel) { channels.append(channel) }
    }

    private func pass() throws(SQLError) {
        if let failure { throw failure }
        if statements == failing {
            let error = SQLError.inputOutput("injected at statement \(statements)")
            failure = error
            throw error
        }
        statements += 1
    }
}
