/// What PostgreSQL or the network answered instead of doing.
struct PostgresFailure: Error {
    /// Five characters; nil when it was not the server that spoke.
    /// https://www.postgresql.org/docs/15/errcodes-appendix.html
    var sqlState: String?
    var message: String
    /// What the server was at.
    var context: String?
    /// The connection is of no more use, and whether the server did what it was last told is not known.
    var isConnectionLost = false

    /// The same transaction, run again, may well succeed.
    var isWorthRetrying: Bool { isConnectionLost || isContention || isStalePlan }

    /// serialization_failure, deadlock_detected.
    var isContention: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// Which row was waited for in vain, as the server names it: "while locking tuple (0,3) in relation "accounts"".
    private var lockedRow: String {
        guard let match = context?.firstMatch(of: #/(\([0-9]+,[0-9]+\))[^"]*"([^"]+)"/#) else {
            return "what is written to"
        }
        return "row \(match.1) of \(match.2)"
    }

    /// A prepared statement whose table has been altered since ("cached plan must not change result type").
    var isStalePlan: Bool { sqlState == "0A000" && message.contains("cached plan") }

    /// Asking again would get the same answer: wrong password or role, no such database, not permitted.
    var isFinalRefusal: Bool {
        guard let sqlState else { return false }
        return sqlState.hasPrefix("28") || sqlState == "3D000" || sqlState == "42501"
    }

    var error: SQLError {
        if isConnectionLost { return .unavailable(message) }
        guard let sqlState else { return .other(message) }
        switch sqlState {
        case "23505", "23P01": return .constraint(.unique, message)
        case "23514": return .constraint(.check, message)
        case "23503": return .constraint(.foreignKey, message)
        case "23502": return .constraint(.notNull, message)
        // Also a statement that was cancelled: by its time limit, or by an operator who saw what it waited for.
        case "55P03": return .rowLocked(lockedRow)
        case "40001", "40P01", "57014": return .locked(message)
        case "53100": return .diskFull(message)
        case "53200", "53300", "57P01", "57P02", "57P03", "57P04", "57P05", "25P03": return .unavailable(message)
        case "25006": return .readOnly(message)
        case "58030": return .inputOutput(message)
        case "XX001", "XX002": return .corrupt(message)
        default:
            if sqlState.hasPrefix("23") { return .constraint(.other, message) }
            if sqlState.hasPrefix("08") { return .unavailable(message) }
            return .other("\(message) (\(sqlState))")
        }
    }
}
