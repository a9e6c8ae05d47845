/// What can go wrong at a fault point.
public enum FaultKind: String, CaseIterable, Sendable {
    // At a transaction.

    /// The process dies before the commit: nothing of the transaction stays.
    case crashBeforeCommit
    /// The process dies right after the commit: all of it stays, and nobody saw the answer.
    case crashAfterCommit
    /// A statement, or the commit, fails: nothing stays, the process lives.
    case databaseError
    /// The commit happened, but its answer was lost on the way.
    case commitUnknown
    /// The body runs twice and only the second run counts, as after a serialisation failure.
    case bodyRepeated
    /// Nobody hears that there is something new to look at.
    case wordLost

    // In a handler.

    /// It throws when all of its effect is already in the transaction.
    case handlerError

    // At a request to somebody outside.

    /// It was carried out, and the answer got lost.
    case answerLost
    /// The sender gives up waiting; it is carried out later.
    case carriedOutLate
    /// It arrives twice.
    case deliveredTwice
    /// It never arrives.
    case requestLost

    // Between any two steps.

    case clockJump
    /// A process stands still until its leases are over, and then goes on as if nothing had happened: a zombie.
    case stall
    /// A process dies, wherever it is.
    case crash

    public static let ofCommits: [FaultKind] = [
        .crashBeforeCommit, .crashAfterCommit, .databaseError, .commitUnknown, .bodyRepeated, .wordLost,
    ]
    public static let ofRequests: [FaultKind] = [.answerLost, .carriedOutLate, .deliveredTwice, .requestLost]
    public static let ofDeliveries: [FaultKind] = [.answerLost, .deliveredTwice, .requestLost]
    public static let ofHandlers: [FaultKind] = [.handlerError]
    public static let ofProcesses: [FaultKind] = [.clockJump, .stall, .crash]
    public static let ofOthers: [FaultKind] = [.clockJump]
}
