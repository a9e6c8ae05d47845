import Exchanges
import Scheduling
import TradingCore

/// What an exchange's list of withdrawals says of one of ours. Pure.
enum WithdrawalFinding: Equatable {
    /// What the exchange says of it: it has taken it, or how that ended.
    case found(WithdrawalStep)
    /// It is on no list of the account that signed it, and can no longer be accepted. Another key of the label may be another account's, of
    /// a sub-account for instance, whose list says nothing.
    case neverLeft
    /// Nothing that it could be is listed: asking again may tell.
    case open
    /// What is listed may be this one and may be another, and no list tells them apart: an operator's to say. In words.
    case doubtful(String)

    /// A signed request is good for a minute at most; the rest is for lists that come late.
    static let surelyDead = Nanoseconds.seconds(3_600)
    /// Exchanges keep their lists for so long at least: of an older one an empty list says nothing.
    static let surelyListed = 6 * Nanoseconds.perDay

    /// - Parameters:
    ///   - list: withdrawals of the asset from a day before this one was stored.
    ///   - claims: what the rows may belong to otherwise, read after the list was.
    ///   - now: when the list was asked for: what came later it cannot hold.
    init(_ withdrawal: Withdrawal, _ list: WithdrawalList, _ claims: WithdrawalClaims, now: Timestamp) {
        if let named = Self.named(withdrawal, list) {
            self = named
            return
        }
        // Whatever this list shows or does not show, it is not the one of its name.
        if let reason = withdrawal.reason, reason.hasPrefix(Self.nameTaken) {
            self = .doubtful(reason)
            return
        }
        let like = list.rows.filter { $0.isWhat(withdrawal) && !claims.isTaken($0) }
        if let row = like.first {
            self = like.count == 1 ? Self.alike(withdrawal, row, claims) : .doubtful(Self.several(withdrawal, like))
        } else if list.isWhole, list.isOfSigner(of: withdrawal),
            Self.isTold(now.nanoseconds(since: withdrawal.createdAt)),
            // An address or an amount may be written in another way: what could be ours keeps it open.
            list.rows.allSatisfy({ $0.isSurelyAnothers(than: withdrawal, claims) })
        {
            self = .neverLeft
        } else {
            self = .open
        }
    }

    private static func isTold(_ age: Int64) -> Bool { age > surelyDead && age < surelyListed }

    /// By our name; nil where nothing bears it. Another server on the same account may have given its request the same name.
    private static func named(_ withdrawal: Withdrawal, _ list: WithdrawalList) -> WithdrawalFinding? {
        let named = list.rows.filter { $0.clientID != nil && $0.clientID == withdrawal.clientID }
        if let own = named.first(where: { !$0.contradicts(withdrawal) }) { return .found(WithdrawalStep(own)) }
        return named.first.map {
            .doubtful(
                words(withdrawal, "\(Self.name($0)) under its name, but to another address or of another amount"))
        }
    }

    /// One row that is as this one was asked for, and that no stored withdrawal claims.
    private static func alike(
        _ withdrawal: Withdrawal, _ row: ExchangeTransfer, _ claims: WithdrawalClaims
    ) -> WithdrawalFinding {
        if let rival = claims.rivals.first(where: { row.mayBe($0) }) {
            return .doubtful(
                words(
                    withdrawal,
                    "\(name(row)), which may be this one or withdrawal \(rival.id)"))
        }
        if claims.mayHaveForgotten(row) {
            return .doubtful(
                words(
                    withdrawal, "\(name(row)), which may be this one or one that a restore from a backup has forgotten")
            )
        }
        return .found(WithdrawalStep(row))
    }

    private static func several(_ withdrawal: Withdrawal, _ rows: [ExchangeTransfer]) -> String {
        words(withdrawal, rows.map(name).joined(separator: " and ") + ", all of them like it")
    }

    private static func name(_ row: ExchangeTransfer) -> String { "withdrawal \(row.id ?? "without an id")" }

    static let doubt = "in doubt: "
    static let nameTaken = doubt + "the exchange has one of its name already. An operator has to say what became of it"

    private static func words(_ withdrawal: Withdrawal, _ what: String) -> String {
        "\(doubt)\(withdrawal.place.exchange) lists \(what). An operator has to say what became of it"
    }
}

extension WithdrawalFinding {
    /// Where it takes one that was looked for; nil when that is where it is.
    func step(of withdrawal: Withdrawal) -> WithdrawalStep? {
        let step: WithdrawalStep =
            switch self {
            case .found(let step): step
            case .neverLeft:
                WithdrawalStep(
                    .refused, reason: "it never left: the exchange lists none, an hour after it was asked for")
            case .open: WithdrawalStep(.unknown, reason: Self.lasting(withdrawal.reason))
            case .doubtful(let why): WithdrawalStep(.unknown, reason: why)
            }
        return step.status == withdrawal.status && step.reason == withdrawal.reason ? nil : step
    }

    /// A doubt that is over is not the reason any more.
    private static func lasting(_ reason: String?) -> String {
        guard let reason, !reason.hasPrefix(doubt) else { return "nobody answered, and the exchange lists none" }
        return reason
    }
}

/// To what else a row of an exchange's list may belong. Read in the transaction that gives the row away, after the list was: a
/// withdrawal that the exchange lists was stored before.
struct WithdrawalClaims: Equatable {
    /// The exchange's ids that are some other stored withdrawal's already.
    var taken: Set<String> = []
    /// Others of the asset that have left, or may have, and whose ids nobody here knows.
    var rivals: [Withdrawal] = []
    /// Between when withdrawals may be missing here; nil where nothing was restored of late.
    var lost: LostTime?

    func isTaken(_ row: ExchangeTransfer) -> Bool { row.id.map(taken.contains) ?? false }

    func mayHaveForgotten(_ row: ExchangeTransfer) -> Bool {
        guard let lost else { return false }
        guard let createdAt = row.createdAt else { return true }
        let (since, until) = (lost.since.milliseconds, lost.until.milliseconds)
        let margin = ExchangeTransfer.clocksApart
        return createdAt >= since - margin && createdAt <= until + margin
    }
}

extension Timestamp {
    /// Since 1970.
    var milliseconds: Int64 { nanoseconds / Nanoseconds.perMillisecond }
}
