import Dispatch
import Synchronization

@testable import Persistence

/// An engine that does what a test says, and keeps what it was asked.
///
/// - Note: the log and the counters are behind locks; transactions are used on the writer's thread alone.
final class ScriptedEngine: Committer {
    private let steps = Collected<String>()
    private let spoken = Collected<String>()
    private let contention: Mutex<Int>
    private let failsCommits: Bool
    /// Another session has the row that `ROW` wants.
    private let isRowLocked: Mutex<Bool>

    init(contention: Int = 0, failsCommits: Bool = false, isRowLocked: Bool = false) {
        self.contention = Mutex(contention)
        self.failsCommits = failsCommits
        self.isRowLocked = Mutex(isRowLocked)
    }

    func unlockRow() { isRowLocked.withLock { $0 = false } }

    var log: [String] { steps.all }
    var words: [String] { spoken.all }

    func transact(
        isShared: Bool, isDurable: Bool, isBrief: Bool, _ body: (any BatchTransaction) throws -> Void
    ) -> CommitOutcome {
        let transaction = ScriptedTransaction(steps, isRowLocked: isRowLocked.withLock { $0 })
        steps.add(isBrief ? "begin briefly" : "begin")
        do { try body(transaction) } catch {
            steps.add("rollback")
            return .bodyFailed
        }
        let isContended = contention.withLock { left in
            defer { left -= isShared && left > 0 ? 1 : 0 }
            return isShared && left > 0
        }
        if isContended { return .contended(.locked("scripted")) }
        if failsCommits { return .failed(.diskFull("scripted")) }
        steps.add("commit")
        for word in transaction.words.channels { spoken.add(word) }
        return .committed
    }

    func rest(isQuiet: Bool) {}
    func close() {}
}

final class ScriptedTransaction: BatchTransaction {
    private let steps: Collected<String>
    private(set) var failure: SQLError?
    private(set) var isLost = false
    private(set) var hasWritten = false
    private(set) var words = CommitWords()

    private let isRowLocked: Bool

    init(_ steps: Collected<String>, isRowLocked: Bool = false) {
        self.steps = steps
        self.isRowLocked = isRowLocked
    }

    var dialect: SQLDialect { .sqlite }

    func execute(_ sql: SQL) throws(SQLError) -> Int {
        if let failure { throw failure }
        hasWritten = true
        let text = sql.rendered(.sqlite).text
        if text == "ROW", isRowLocked {
            failure = .rowLocked("row (0,1) of one")
            throw .rowLocked("row (0,1) of one")
        }
        if text == "FAIL" || text == "LOSE" {
            isLost = text == "LOSE"
            failure = .other("failed statement")
            throw .other("failed statement")
        }
        return 1
    }

    func rows(_ sql: SQL) throws(SQLError) -> [SQLRow] { [] }
    func row(_ sql: SQL) throws(SQLError) -> SQLRow? { nil }
    func notify(_ channel: String) throws(SQLError) { try words.add(channel) }

    var channels: [String] { words.channels }
    func settle() throws(SQLError) {}
    func beginCaller() {
        hasWritten = false
        words.beginCaller()
    }
    func forgetWords() { words.forgetCaller() }
    func ridesBegin() { words.ridesBegin() }
    var riddenChannels: [String] { words.ridden }
    func setSavepoint() throws(SQLError) { steps.add("set") }
    func releaseSavepoint() throws(SQLError) { steps.add("release") }
    func rollBackToSavepoint() throws(SQLError) {
        failure = nil
        steps.add("back")
    }
}

extension GroupCommit {
    /// Everything while the writer is held up by a first caller, so that it becomes one batch.
    func submitAsOne(
        _ count: Int, _ body: @escaping @Sendable (Int, any SQLTransaction) throws -> Void,
        _ answers: Collected<(number: Int, answer: String)>
    ) {
        let (began, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        submit(
            .init(
                run: { _ in
                    began.signal()
                    gate.wait()
                }, finish: { _ in }))
        began.wait()
        for number in 0..<count {
            submit(
                .init(
                    run: { try body(number, $0) },
                    finish: { answer in
                        switch answer {
                        case .committed: answers.add((number, "done"))
                        case .threw(let error): answers.add((number, "\(error)"))
                        case .failed(let error), .heldUp(let error): answers.add((number, "\(error)"))
                        }
                    }))
        }
        gate.signal()
    }
}
