/// One engine's way of making a transaction durable. Called by ``GroupCommit``, on its thread alone.
protocol Committer: Sendable {
    /// Runs `body` in a transaction and commits what it did; rolls back when it throws. An engine that many processes write
    /// to may run it more than once, each time in a new transaction.
    /// - Parameters:
    ///   - isShared: by several callers, so that ``CommitOutcome/contended(_:)`` helps.
    ///   - isDurable: false where nobody minds if a power cut takes it back; an engine need not wait for the disk then.
    ///   - isBrief: where others' sessions are in the way, that is found out at once rather than waited for.
    func transact(
        isShared: Bool, isDurable: Bool, isBrief: Bool, _ body: (any BatchTransaction) throws -> Void
    ) -> CommitOutcome

    /// Between two commits.
    /// - Parameter isQuiet: nobody waits.
    func rest(isQuiet: Bool)

    /// After the last commit.
    func close()
}

/// How a transaction ended.
enum CommitOutcome: Equatable {
    case committed
    /// The body threw; nothing stays.
    case bodyFailed
    /// Writers in other processes were always faster: a smaller transaction, or a later one, may have better luck.
    case contended(SQLError)
    /// It could not be begun or committed: no body's fault.
    case failed(SQLError)
}

/// A transaction that several callers share.
protocol BatchTransaction: AnyObject, SQLTransaction {
    /// The first statement that failed. Nothing of its caller may be committed any more, whatever the caller makes of it.
    var failure: SQLError? { get }
    /// The engine has rolled everything back already, or will not commit any of it.
    var isLost: Bool { get }
    /// Whether anything may have been written since the last caller began.
    var hasWritten: Bool { get }

    /// Whom to wake after the commit, so far.
    var channels: [String] { get }

    /// From here on it is riders who speak.
    func ridesBegin()
    /// Whom they want to be woken, each once.
    var riddenChannels: [String] { get }

    /// Waits for what was sent and not waited for yet.
    func settle() throws(SQLError)

    /// The next caller begins.
    func beginCaller()
    /// Takes back the last caller's words; what it wrote is the savepoint's affair.
    func forgetWords()

    func setSavepoint() throws(SQLError)
    func releaseSavepoint() throws(SQLError)
    /// Takes back everything since the savepoint, a failed statement too.
    func rollBackToSavepoint() throws(SQLError)
}

/// Whom to wake after a commit, each once, in the order of being named.
struct CommitWords {
    private(set) var channels: [String] = []
    private var earlier = 0
    /// Those that were named since ``ridesBegin()``, also where they had been named before.
    private(set) var ridden: [String] = []
    private var isRidden = false

    mutating func add(_ channel: String) throws(SQLError) {
        guard Self.isChannel(channel) else { throw .other("\(channel) cannot be the name of a channel") }
        if !channels.contains(channel) { channels.append(channel) }
        if isRidden, !ridden.contains(channel) { ridden.append(channel) }
    }

    mutating func ridesBegin() { isRidden = true }

    mutating func beginCaller() { earlier = channels.count }
    mutating func forgetCaller() { channels.removeSubrange(earlier...) }

    /// Lower-case letters, digits and `_`, at most 63.
    static func isChannel(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }
}
